import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, filterListIcon } from '@jupyterlab/ui-components';
import { useEffect, useId, useRef, useState } from 'react';
import {
  hasGroup,
  loneStates,
  STATE_GROUPS,
  toggleGroup,
  type IStateGroup
} from '../model/runFilter';
import type { IRunFilter, RunState } from '../types';
import { RunFilterFields } from './RunFilterFields';
import { RunStateIcon } from './RunStateIcon';

/** Long enough to type a word, short enough not to be noticed. */
const TYPING_MS = 250;

export interface IRunFiltersProps {
  filter: Readonly<IRunFilter>;
  /** How many runs there are in each state; `null` before that is known. */
  counts: Readonly<Partial<Record<RunState, number>>> | null;
  /** Names to choose from. */
  targets: readonly string[];
  experiments: readonly string[];
  notebooks: readonly string[];
  trans: TranslationBundle;
  onChange: (filter: IRunFilter) => void;
}

/**
 * What restricts the list of runs: words and states at hand, the rest a click away.
 */
export function RunFilters(props: IRunFiltersProps): JSX.Element {
  const { filter, trans, onChange } = props;
  const [isOpen, setOpen] = useState(false);
  const fields = useId();
  return (
    <div className="jp-compute-RunFilters" role="search">
      <div className="jp-compute-RunFilters-line">
        <SearchText {...props} />
        <button
          type="button"
          className="jp-compute-RunFilters-more"
          aria-expanded={isOpen}
          aria-controls={fields}
          title={trans.__('More filters, and the order')}
          onClick={() => setOpen(!isOpen)}
        >
          <filterListIcon.react tag="span" elementSize="normal" />
          <span className="jp-compute-hidden">
            {trans.__('More filters, and the order')}
          </span>
        </button>
      </div>
      <StateChips {...props} />
      <div id={fields} hidden={!isOpen}>
        {isOpen && <RunFilterFields {...props} />}
      </div>
      {!isOpen && (
        <Restrictions filter={filter} trans={trans} onChange={onChange} />
      )}
    </div>
  );
}

function SearchText({
  filter,
  trans,
  onChange
}: IRunFiltersProps): JSX.Element {
  const given = filter.text ?? '';
  const [text, setText] = useState(given);
  const latest = useRef({ filter, onChange });
  useEffect(() => {
    latest.current = { filter, onChange };
  });
  useEffect(() => setText(given), [given]);
  useEffect(() => {
    if (text.trim() === given) {
      return;
    }
    const timer = window.setTimeout(() => {
      const { filter, onChange } = latest.current;
      onChange({ ...filter, text: text.trim() });
    }, TYPING_MS);
    return () => window.clearTimeout(timer);
    // What was given meanwhile has replaced the text already.
  }, [text, given]);
  return (
    <input
      type="search"
      className="jp-mod-styled jp-compute-RunFilters-text"
      placeholder={trans.__('Search runs')}
      aria-label={trans.__('Search runs by name, id, experiment, tag or error')}
      value={text}
      onChange={event => setText(event.target.value)}
    />
  );
}

function StateChips({
  filter,
  counts,
  trans,
  onChange
}: IRunFiltersProps): JSX.Element {
  return (
    <div
      className="jp-compute-RunFilters-chips"
      role="group"
      aria-label={trans.__('States')}
    >
      {STATE_GROUPS.map(group => (
        <button
          key={group.id}
          type="button"
          className="jp-compute-RunFilters-chip"
          aria-pressed={hasGroup(filter, group)}
          onClick={() => onChange(toggleGroup(filter, group))}
        >
          {groupLabel(group, trans)}
          {counts && (
            <span className="jp-compute-RunFilters-count">
              {group.states
                .reduce((sum, state) => sum + (counts[state] ?? 0), 0)
                .toLocaleString()}
            </span>
          )}
        </button>
      ))}
      {loneStates(filter).map(state => (
        <button
          key={state}
          type="button"
          className="jp-compute-RunFilters-chip"
          aria-pressed="true"
          onClick={() =>
            onChange({
              ...filter,
              state: filter.state?.filter(one => one !== state)
            })
          }
        >
          <RunStateIcon state={state} trans={trans} isLabelled />
        </button>
      ))}
    </div>
  );
}

interface IRestrictionsProps {
  filter: Readonly<IRunFilter>;
  trans: TranslationBundle;
  onChange: (filter: IRunFilter) => void;
}

/** What restricts the list without being seen otherwise, each with a way to lift it. */
function Restrictions({
  filter,
  trans,
  onChange
}: IRestrictionsProps): JSX.Element | null {
  const fields = [
    ['target', trans.__('Target')],
    ['experiment', trans.__('Experiment')],
    ['notebook', trans.__('Notebook')],
    ['parent_id', trans.__('Sweep')]
  ] as const;
  const held = fields.filter(([name]) => filter[name]);
  if (held.length === 0) {
    return null;
  }
  return (
    <ul
      className="jp-compute-RunFilters-held"
      aria-label={trans.__('Active filters')}
    >
      {held.map(([name, label]) => (
        <li key={name}>
          <button
            type="button"
            className="jp-compute-RunFilters-chip"
            aria-label={trans.__(
              'Lift the filter %1: %2',
              label,
              filter[name] ?? ''
            )}
            onClick={() => onChange({ ...filter, [name]: undefined })}
          >
            <span className="jp-compute-RunFilters-value">
              {label}: {filter[name]}
            </span>
            <closeIcon.react tag="span" width="12" height="12" />
          </button>
        </li>
      ))}
    </ul>
  );
}

function groupLabel(group: IStateGroup, trans: TranslationBundle): JSX.Element {
  return group.id === 'active' ? (
    <span className="jp-compute-RunState" data-state="running">
      {trans.__('active')}
    </span>
  ) : (
    <RunStateIcon state={group.id} trans={trans} isLabelled />
  );
}
