import type { FieldTemplateProps, ObjectFieldTemplateProps } from '@rjsf/utils';
import { formatJson } from '../model/format';
import type { IOption } from '../model/optionForm';
import { optionOf, problemOf, type IOptionContext } from './OptionContext';
import { OptionGroup } from './OptionGroup';

/**
 * An option: its name, its field, what it means and what is wrong with it.
 */
export function OptionField(props: FieldTemplateProps): JSX.Element {
  const { id, children, label, hidden } = props;
  const context = props.formContext as IOptionContext;
  const option = optionOf(id, context);
  if (hidden) {
    return <div hidden>{children}</div>;
  }
  if (id === context.prefix) {
    return <>{children}</>;
  }
  if (!option) {
    return (
      <div className="jp-compute-OptionField">
        <label htmlFor={id}>{label}</label>
        {children}
      </div>
    );
  }
  const problem = problemOf(id, context);
  return (
    <div
      className="jp-compute-OptionField"
      data-input={option.input}
      data-wrong={problem !== ''}
    >
      <label htmlFor={id}>
        {option.title}{' '}
        {option.isRequired && (
          <span className="jp-compute-OptionField-required">
            {context.trans.__('required')}
          </span>
        )}
      </label>
      {children}
      <p id={`${id}__description`} className="jp-compute-OptionField-told">
        {[option.description, defaultWords(option, context)]
          .filter(Boolean)
          .join(' ')}
      </p>
      <p
        id={`${id}__problem`}
        className="jp-compute-OptionField-problem"
        aria-live="polite"
      >
        {problem}
      </p>
    </div>
  );
}

/**
 * All options, group by group.
 */
export function OptionGroups(props: ObjectFieldTemplateProps): JSX.Element {
  const { idSchema, properties, title } = props;
  const context = props.formContext as IOptionContext;
  if (idSchema.$id !== context.prefix) {
    return (
      <fieldset className="jp-compute-OptionGroup">
        <legend>{title}</legend>
        {properties.map(property => property.content)}
      </fieldset>
    );
  }
  const inGroup = (group: string) =>
    properties
      .filter(one => (context.options.get(one.name)?.group ?? '') === group)
      .map(one => one.content);
  return (
    <>
      {context.groups.map(group =>
        group ? (
          <OptionGroup key={group} name={group} context={context}>
            {inGroup(group)}
          </OptionGroup>
        ) : (
          <div key="" className="jp-compute-OptionGroup">
            {inGroup(group)}
          </div>
        )
      )}
    </>
  );
}

function defaultWords(
  option: IOption,
  { trans }: IOptionContext
): string | null {
  const { default: usual, input } = option;
  return usual === undefined || input === 'choice' || input === 'switch'
    ? null
    : trans.__('Default: %1.', formatJson(usual));
}
