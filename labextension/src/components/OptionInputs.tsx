import type { BaseInputTemplateProps, WidgetProps } from '@rjsf/utils';
import { useState } from 'react';
import { optionOf, toldBy, type IOptionContext } from './OptionContext';

/**
 * One line of text, or a number: what is no number stays as it was typed, so that it can be said.
 */
export function TextInput(props: BaseInputTemplateProps): JSX.Element {
  const { id, value, disabled, readonly, onChange, onBlur } = props;
  const context = props.formContext as IOptionContext;
  const isNumber = optionOf(id, context)?.input === 'number';
  return (
    <input
      id={id}
      className="jp-mod-styled"
      type="text"
      inputMode={isNumber ? 'decimal' : undefined}
      autoComplete="off"
      spellCheck={false}
      value={value ?? ''}
      disabled={disabled}
      readOnly={readonly}
      onChange={({ target }) => onChange(target.value || undefined)}
      onBlur={({ target }) => onBlur(id, target.value)}
      {...toldBy(id, context)}
    />
  );
}

/**
 * A yes or no; its name stands beside it.
 */
export function SwitchInput(props: WidgetProps): JSX.Element {
  const { id, value, disabled, onChange, onBlur } = props;
  return (
    <input
      id={id}
      type="checkbox"
      checked={Boolean(value)}
      disabled={disabled}
      onChange={({ target }) => onChange(target.checked)}
      onBlur={({ target }) => onBlur(id, target.checked)}
      {...toldBy(id, props.formContext as IOptionContext)}
    />
  );
}

/**
 * A choice among some values.
 */
export function ChoiceInput(props: WidgetProps): JSX.Element {
  const { id, value, options, schema, disabled, onChange, onBlur } = props;
  const choices = options.enumOptions ?? [];
  const place = choices.findIndex(choice => choice.value === value);
  const pick = (text: string) => onChange(choices[Number(text)]?.value);
  return (
    <select
      id={id}
      className="jp-mod-styled"
      value={place < 0 ? '' : String(place)}
      disabled={disabled}
      onChange={({ target }) =>
        target.value === '' ? onChange(undefined) : pick(target.value)
      }
      onBlur={() => onBlur(id, value)}
      {...toldBy(id, props.formContext as IOptionContext)}
    >
      {schema.default === undefined && <option value="" />}
      {choices.map((choice, index) => (
        <option key={index} value={String(index)}>
          {choice.label}
        </option>
      ))}
    </select>
  );
}

/**
 * A secret: what is typed is not shown; one that is set is not known here, and stays unless another is given.
 */
export function SecretInput(props: WidgetProps): JSX.Element {
  const { id, value, disabled, onChange, onBlur } = props;
  const context = props.formContext as IOptionContext;
  const { trans, kept } = context;
  const name = optionOf(id, context)?.name ?? '';
  const isKept = kept.has(name) && value === undefined;
  const isRemoved = kept.has(name) && value === '';
  return (
    <div className="jp-compute-OptionInput-row">
      <input
        id={id}
        className="jp-mod-styled"
        type="password"
        autoComplete="new-password"
        value={value ?? ''}
        placeholder={
          isKept
            ? trans.__('set; stays as it is')
            : isRemoved
              ? trans.__('will be removed')
              : ''
        }
        disabled={disabled}
        onChange={({ target }) => onChange(target.value || undefined)}
        onBlur={() => onBlur(id, undefined)}
        {...toldBy(id, context)}
      />
      {isKept && (
        <button
          type="button"
          className="jp-mod-styled"
          onClick={() => onChange('')}
        >
          {trans.__('Remove')}
        </button>
      )}
      {isRemoved && (
        <button
          type="button"
          className="jp-mod-styled"
          onClick={() => onChange(undefined)}
        >
          {trans.__('Keep')}
        </button>
      )}
    </div>
  );
}

/**
 * The path of a file or folder.
 */
export function PathInput(props: WidgetProps): JSX.Element {
  const { id, value, disabled, onChange, onBlur } = props;
  const context = props.formContext as IOptionContext;
  const { trans, onBrowse } = context;
  const browse = async () => {
    const path = (await onBrowse?.(value ?? '')) ?? null;
    if (path !== null) {
      onChange(path);
    }
  };
  return (
    <div className="jp-compute-OptionInput-row">
      <input
        id={id}
        className="jp-mod-styled"
        type="text"
        autoComplete="off"
        spellCheck={false}
        value={value ?? ''}
        disabled={disabled}
        onChange={({ target }) => onChange(target.value || undefined)}
        onBlur={({ target }) => onBlur(id, target.value)}
        {...toldBy(id, context)}
      />
      {onBrowse && (
        <button
          type="button"
          className="jp-mod-styled"
          aria-label={trans.__('Browse for %1', props.label)}
          onClick={() => void browse()}
        >
          {trans.__('Browse…')}
        </button>
      )}
    </div>
  );
}

/**
 * Several lines of text.
 */
export function AreaInput(props: WidgetProps): JSX.Element {
  const { id, value, disabled, onChange, onBlur } = props;
  return (
    <textarea
      id={id}
      className="jp-mod-styled"
      rows={4}
      spellCheck={false}
      value={value ?? ''}
      disabled={disabled}
      onChange={({ target }) => onChange(target.value || undefined)}
      onBlur={({ target }) => onBlur(id, target.value)}
      {...toldBy(id, props.formContext as IOptionContext)}
    />
  );
}

/**
 * A list, one item a line.
 */
export function LinesInput(props: WidgetProps): JSX.Element {
  const { schema, value, onChange } = props;
  const items = schema.items as { type?: string } | undefined;
  const isNumbers = items?.type === 'integer' || items?.type === 'number';
  const read = (line: string) => {
    const number = Number(line);
    return isNumbers && !Number.isNaN(number) ? number : line;
  };
  const [text, setText] = useState(((value ?? []) as unknown[]).join('\n'));
  const change = (changed: string | undefined) => {
    setText(changed ?? '');
    const lines = (changed ?? '').split('\n').map(line => line.trim());
    const given = lines.filter(Boolean).map(read);
    onChange(given.length > 0 ? given : undefined);
  };
  return <AreaInput {...props} value={text} onChange={change} />;
}
