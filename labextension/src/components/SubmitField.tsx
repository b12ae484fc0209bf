import { useId, type ReactNode } from 'react';

export interface IFieldMarks {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': boolean | undefined;
}

export interface ISubmitFieldProps {
  label: string;
  /** What is wrong with it. */
  problem?: string;
  /** What it takes. */
  help?: ReactNode;
  className?: string;
  children: (marks: IFieldMarks) => ReactNode;
}

/**
 * A labelled field with what it takes, or what is wrong, below it.
 */
export function SubmitField({
  label,
  problem,
  help,
  className = '',
  children
}: ISubmitFieldProps): JSX.Element {
  const id = useId();
  const note = problem || help;
  return (
    <div className={`jp-compute-Submit-field ${className}`}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        'aria-describedby': note ? `${id}note` : undefined,
        'aria-invalid': problem ? true : undefined
      })}
      {note && (
        <p
          id={`${id}note`}
          className={
            problem ? 'jp-compute-Submit-problem' : 'jp-compute-Submit-help'
          }
          aria-live={problem ? 'polite' : undefined}
        >
          {note}
        </p>
      )}
    </div>
  );
}

export interface ITextFieldProps extends Omit<ISubmitFieldProps, 'children'> {
  value: string;
  onChange: (value: string) => void;
  placeholder?: string;
  /** Lines; a single one by default. */
  rows?: number;
  isNumber?: boolean;
}

/**
 * A field for text.
 */
export function TextField({
  value,
  onChange,
  placeholder,
  rows = 1,
  isNumber = false,
  ...field
}: ITextFieldProps): JSX.Element {
  const shared = {
    className: 'jp-mod-styled',
    value,
    placeholder,
    spellCheck: false,
    autoComplete: 'off'
  };
  return (
    <SubmitField {...field}>
      {marks =>
        rows > 1 ? (
          <textarea
            {...marks}
            {...shared}
            rows={rows}
            onChange={event => onChange(event.target.value)}
          />
        ) : (
          <input
            {...marks}
            {...shared}
            type="text"
            inputMode={isNumber ? 'decimal' : undefined}
            onChange={event => onChange(event.target.value)}
          />
        )
      }
    </SubmitField>
  );
}

export interface ISelectFieldProps extends Omit<ISubmitFieldProps, 'children'> {
  value: string;
  onChange: (value: string) => void;
  /** Value and label. */
  options: readonly (readonly [string, string])[];
}

/**
 * A field for one of several choices.
 */
export function SelectField({
  value,
  onChange,
  options,
  ...field
}: ISelectFieldProps): JSX.Element {
  const isKnown = options.some(([one]) => one === value);
  return (
    <SubmitField {...field}>
      {marks => (
        <select
          {...marks}
          className="jp-mod-styled"
          value={value}
          onChange={event => onChange(event.target.value)}
        >
          {!isKnown && <option value={value}>{value}</option>}
          {options.map(([one, label]) => (
            <option key={one} value={one}>
              {label}
            </option>
          ))}
        </select>
      )}
    </SubmitField>
  );
}
