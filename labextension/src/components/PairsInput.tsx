import type { FieldProps } from '@rjsf/utils';
import { useState } from 'react';
import { toldBy, type IOptionContext } from './OptionContext';

/**
 * Names with values, one pair a line: `NAME=value`. A line that is none has no value, which is refused later.
 */
export function PairsInput(props: FieldProps): JSX.Element {
  const { idSchema, schema, formData, formContext, disabled } = props;
  const { onChange, onBlur } = props;
  const id = idSchema.$id;
  const [text, setText] = useState(
    Object.entries((formData ?? {}) as Record<string, unknown>)
      .map(([name, value]) => `${name}=${String(value)}`)
      .join('\n')
  );
  const change = (changed: string) => {
    setText(changed);
    const { type } = (schema.additionalProperties ?? {}) as { type?: string };
    const isNumbers = type === 'number' || type === 'integer';
    const pairs = changed
      .split('\n')
      .filter(line => line.trim())
      .map(line => readPair(line, isNumbers));
    onChange(pairs.length > 0 ? Object.fromEntries(pairs) : undefined);
  };
  return (
    <textarea
      id={id}
      className="jp-mod-styled"
      rows={3}
      spellCheck={false}
      placeholder={(formContext as IOptionContext).trans.__('NAME=value')}
      value={text}
      disabled={disabled}
      onChange={({ target }) => change(target.value)}
      onBlur={() => onBlur(id, formData)}
      {...toldBy(id, formContext as IOptionContext)}
    />
  );
}

function readPair(line: string, isNumbers: boolean): [string, unknown] {
  const found = /^\s*([^=]+?)\s*=\s*(.*?)\s*$/.exec(line);
  if (!found) {
    return [line.trim(), null];
  }
  const [, name, value] = found;
  const isNumber = isNumbers && value !== '' && !Number.isNaN(Number(value));
  return [name, isNumber ? Number(value) : value];
}
