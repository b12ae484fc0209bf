import type { FieldProps } from '@rjsf/utils';
import { useState } from 'react';
import { toldBy, type IOptionContext } from './OptionContext';

/**
 * Names with values, one pair a line: `NAME=value`.
 */
export function PairsInput(props: FieldProps): JSX.Element {
  const { idSchema, formData, formContext, disabled, onChange, onBlur } = props;
  const id = idSchema.$id;
  const [text, setText] = useState(
    Object.entries((formData ?? {}) as Record<string, unknown>)
      .map(([name, value]) => `${name}=${String(value)}`)
      .join('\n')
  );
  const change = (changed: string) => {
    setText(changed);
    const pairs = changed
      .split('\n')
      .map(line => /^\s*([^=]+?)\s*=\s*(.*?)\s*$/.exec(line))
      .flatMap(found => (found ? [[found[1], found[2]]] : []));
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
