import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import { useEffect, useId, useState } from 'react';
import { SORTS } from '../model/runFilter';
import type { IRunFilter, SortField } from '../types';

export interface IRunFilterFieldsProps {
  filter: Readonly<IRunFilter>;
  targets: readonly string[];
  experiments: readonly string[];
  notebooks: readonly string[];
  trans: TranslationBundle;
  onChange: (filter: IRunFilter) => void;
}

/**
 * The filters that are needed now and then, and the order.
 */
export function RunFilterFields(props: IRunFilterFieldsProps): JSX.Element {
  const { filter, targets, trans, onChange } = props;
  const id = useId();
  const target = filter.target ?? '';
  const names = targets.includes(target) ? targets : [...targets, target];
  return (
    <div className="jp-compute-RunFilterFields">
      <div>
        <label htmlFor={id}>{trans.__('Target')}</label>
        <HTMLSelect
          id={id}
          value={target}
          onChange={event =>
            onChange({ ...filter, target: event.target.value })
          }
        >
          <option value="">{trans.__('all')}</option>
          {names.filter(Boolean).map(name => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </HTMLSelect>
      </div>
      <NameField
        label={trans.__('Experiment')}
        value={filter.experiment ?? ''}
        names={props.experiments}
        onChange={experiment => onChange({ ...filter, experiment })}
      />
      <NameField
        label={trans.__('Notebook')}
        value={filter.notebook ?? ''}
        names={props.notebooks}
        onChange={notebook => onChange({ ...filter, notebook })}
      />
      <OrderField filter={filter} trans={trans} onChange={onChange} />
    </div>
  );
}

interface INameFieldProps {
  label: string;
  value: string;
  names: readonly string[];
  onChange: (value: string) => void;
}

/** A name that is typed or chosen; it holds when the field is left, Enter is pressed, or it is a known one. */
function NameField({
  label,
  value,
  names,
  onChange
}: INameFieldProps): JSX.Element {
  const [text, setText] = useState(value);
  const id = useId();
  const list = useId();
  useEffect(() => setText(value), [value]);
  const take = (given: string): void => {
    if (given.trim() !== value) {
      onChange(given.trim());
    }
  };
  return (
    <div>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="jp-mod-styled"
        list={list}
        value={text}
        onChange={event => {
          setText(event.target.value);
          if (!event.target.value || names.includes(event.target.value)) {
            take(event.target.value);
          }
        }}
        onBlur={() => take(text)}
        onKeyDown={event => event.key === 'Enter' && take(text)}
      />
      <datalist id={list}>
        {names.map(name => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </div>
  );
}

function OrderField({
  filter,
  trans,
  onChange
}: Pick<IRunFilterFieldsProps, 'filter' | 'trans' | 'onChange'>): JSX.Element {
  const sort = filter.sort ?? '-created';
  const field = sort.replace('-', '') as SortField;
  const id = useId();
  const isDown = sort.startsWith('-');
  const order = (to: SortField, down: boolean): void =>
    onChange({ ...filter, sort: down ? `-${to}` : to });
  const turn = isDown ? trans.__('descending') : trans.__('ascending');
  return (
    <div>
      <label htmlFor={id}>{trans.__('Order')}</label>
      <span className="jp-compute-RunFilterFields-order">
        <HTMLSelect
          id={id}
          value={field}
          onChange={event => order(event.target.value as SortField, isDown)}
        >
          {SORTS.map(one => (
            <option key={one} value={one}>
              {sortLabel(one, trans)}
            </option>
          ))}
        </HTMLSelect>
        <button
          type="button"
          title={turn}
          aria-label={trans.__('Turn the order round; now %1', turn)}
          onClick={() => order(field, !isDown)}
        >
          <span aria-hidden="true">{isDown ? '↓' : '↑'}</span>
        </button>
      </span>
    </div>
  );
}

/** Say what runs are sorted by. */
function sortLabel(field: SortField, trans: TranslationBundle): string {
  switch (field) {
    case 'created':
      return trans.__('Submitted');
    case 'started':
      return trans.__('Started');
    case 'ended':
      return trans.__('Ended');
    case 'name':
      return trans.__('Name');
    case 'state':
      return trans.__('State');
    case 'target':
      return trans.__('Target');
    case 'experiment':
      return trans.__('Experiment');
  }
}
