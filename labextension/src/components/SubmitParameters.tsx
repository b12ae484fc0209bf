import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDraft } from '../model/draft';
import type { Problems } from '../model/draftProblems';
import type { IParameter } from '../model/parameters';
import { SelectField, TextField } from './SubmitField';
import { SubmitPairs } from './SubmitPairs';

export interface ISubmitParametersProps {
  trans: TranslationBundle;
  draft: IDraft;
  /** Those that the notebook's cell tagged `parameters` sets. */
  known: readonly IParameter[];
  /** Where the notebook has such a cell, others have no effect on it. */
  help: string;
  problems: Problems;
  onChange: (part: Partial<IDraft>) => void;
}

/**
 * The parameters of a notebook as fields, and others by name.
 */
export function SubmitParameters({
  trans,
  draft,
  known,
  help,
  problems,
  onChange
}: ISubmitParametersProps): JSX.Element {
  const put = (name: string, text: string) =>
    onChange({ params: { ...draft.params, [name]: text } });
  return (
    <>
      {known.length > 0 && (
        <div className="jp-compute-Submit-grid">
          {known.map(parameter => (
            <ParameterField
              key={parameter.name}
              trans={trans}
              parameter={parameter}
              text={draft.params[parameter.name] ?? parameter.text}
              problem={problems[`param:${parameter.name}`]}
              onChange={text => put(parameter.name, text)}
            />
          ))}
        </div>
      )}
      <SubmitPairs
        trans={trans}
        legend={
          known.length > 0
            ? trans.__('More parameters')
            : trans.__('Parameters')
        }
        help={help}
        addLabel={trans.__('parameter')}
        pairs={draft.moreParams}
        onChange={moreParams => onChange({ moreParams })}
        valuePlaceholder={trans.__('JSON or text')}
        problems={problems}
        field="moreParams"
      />
    </>
  );
}

function ParameterField({
  trans,
  parameter,
  text,
  problem,
  onChange
}: {
  trans: TranslationBundle;
  parameter: IParameter;
  text: string;
  problem?: string;
  onChange: (text: string) => void;
}): JSX.Element {
  const { name, type, source, help } = parameter;
  const shared = { label: name, value: text, problem, onChange };
  if (type === 'bool') {
    return (
      <SelectField
        {...shared}
        help={help}
        options={[
          ['true', trans.__('true')],
          ['false', trans.__('false')]
        ]}
      />
    );
  }
  return (
    <TextField
      {...shared}
      help={help || typeLabel(type, trans)}
      isNumber={type === 'int' || type === 'float'}
      placeholder={parameter.text ? undefined : source}
    />
  );
}

function typeLabel(type: IParameter['type'], trans: TranslationBundle): string {
  switch (type) {
    case 'int':
      return trans.__('a whole number');
    case 'float':
      return trans.__('a number');
    case 'bool':
      return trans.__('true or false');
    case 'str':
      return trans.__('text');
    case 'json':
      return trans.__('JSON');
    case 'any':
      return trans.__('JSON or text; as in the notebook if left alone');
  }
}
