import { useState, type ReactNode } from 'react';
import { isGiven } from '../model/optionForm';
import type { IOptionContext } from './OptionContext';

export interface IOptionGroupProps {
  name: string;
  context: IOptionContext;
  children: ReactNode;
}

/**
 * Some options below a heading, which most people never need: folded until one of them is given, wrong or required.
 */
export function OptionGroup(props: IOptionGroupProps): JSX.Element {
  const { name, context, children } = props;
  const { data, kept, problems } = context;
  const options = [...context.options.values()].filter(
    option => option.group === name
  );
  const [isOpen, setOpen] = useState(() =>
    options.some(
      option =>
        option.isRequired || kept.has(option.name) || isGiven(option, data)
    )
  );
  const isWrong = options.some(option => problems[option.name]);
  return (
    <details
      className="jp-compute-OptionGroup"
      aria-label={name}
      open={isOpen || isWrong}
      onToggle={event => setOpen(event.currentTarget.open)}
    >
      <summary>
        <strong>{name}</strong>
        <span className="jp-compute-OptionGroup-names">
          {options.map(option => option.title).join(', ')}
        </span>
      </summary>
      <div className="jp-compute-OptionGroup-options">{children}</div>
    </details>
  );
}
