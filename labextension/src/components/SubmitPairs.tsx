import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useId, useRef, type ReactNode } from 'react';
import type { IPair } from '../model/draft';
import type { Problems } from '../model/draftProblems';

export interface ISubmitPairsProps {
  trans: TranslationBundle;
  legend: string;
  help?: ReactNode;
  pairs: readonly IPair[];
  onChange: (pairs: IPair[]) => void;
  /** What the button that adds one says. */
  addLabel: string;
  valuePlaceholder?: string;
  problems: Problems;
  /** The name of the list in `problems`. */
  field: string;
}

/**
 * Names and values, as many as one likes.
 */
export function SubmitPairs(props: ISubmitPairsProps): JSX.Element {
  const { trans, legend, help, pairs, onChange, addLabel } = props;
  const list = useRef<HTMLFieldSetElement>(null);
  const count = useRef(pairs.length);
  useEffect(() => {
    if (pairs.length > count.current) {
      // Who adds a row wants to type into it.
      const inputs = list.current?.querySelectorAll('input');
      inputs?.[inputs.length - 2]?.focus();
    }
    count.current = pairs.length;
  }, [pairs.length]);
  return (
    <fieldset ref={list} className="jp-compute-Submit-pairs">
      <legend>{legend}</legend>
      {help && <p className="jp-compute-Submit-help">{help}</p>}
      {pairs.map((pair, index) => (
        <PairRow key={index} {...props} pair={pair} index={index} />
      ))}
      <button
        type="button"
        className="jp-compute-Submit-small"
        onClick={() => onChange([...pairs, { name: '', value: '' }])}
      >
        {trans.__('Add %1', addLabel)}
      </button>
    </fieldset>
  );
}

function PairRow({
  trans,
  legend,
  pairs,
  onChange,
  valuePlaceholder,
  problems,
  field,
  pair,
  index
}: ISubmitPairsProps & { pair: IPair; index: number }): JSX.Element {
  const id = useId();
  const problem = problems[`${field}:${index}`];
  const put = (part: Partial<IPair>) =>
    onChange(
      pairs.map((one, at) => (at === index ? { ...one, ...part } : one))
    );
  const marks = {
    type: 'text',
    className: 'jp-mod-styled',
    spellCheck: false,
    autoComplete: 'off',
    'aria-describedby': problem ? id : undefined,
    'aria-invalid': problem ? true : undefined
  };
  return (
    <div className="jp-compute-Submit-pair">
      <input
        {...marks}
        aria-label={trans.__('%1: name %2', legend, index + 1)}
        placeholder={trans.__('Name')}
        value={pair.name}
        onChange={event => put({ name: event.target.value })}
      />
      <input
        {...marks}
        aria-label={trans.__('%1: value %2', legend, index + 1)}
        placeholder={valuePlaceholder ?? trans.__('Value')}
        value={pair.value}
        onChange={event => put({ value: event.target.value })}
      />
      <button
        type="button"
        className="jp-compute-Submit-small"
        aria-label={trans.__('Remove %1', pair.name || String(index + 1))}
        onClick={() => onChange(pairs.filter((_, at) => at !== index))}
      >
        {trans.__('Remove')}
      </button>
      {problem && (
        <p id={id} className="jp-compute-Submit-problem" aria-live="polite">
          {problem}
        </p>
      )}
    </div>
  );
}
