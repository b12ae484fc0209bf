import {
  RUN_STATES,
  type IRunFilter,
  type RunState,
  type SortField
} from '../types';
import { ACTIVE_STATES } from './states';

export type SortName = NonNullable<IRunFilter['sort']>;

/** The order that holds when none was chosen. */
export const NEWEST_FIRST: SortName = '-created';

export const SORTS: readonly SortField[] = [
  'created',
  'started',
  'ended',
  'name',
  'state',
  'target',
  'experiment'
];

/** States that are shown or hidden together. */
export interface IStateGroup {
  id: 'active' | 'completed' | 'failed' | 'canceled';
  states: readonly RunState[];
}

export const STATE_GROUPS: readonly IStateGroup[] = [
  { id: 'active', states: ACTIVE_STATES },
  { id: 'completed', states: ['completed'] },
  { id: 'failed', states: ['failed'] },
  { id: 'canceled', states: ['canceled'] }
];

/** Whether a filter leaves anything out. */
export function isFiltering(filter: IRunFilter): boolean {
  return Object.entries(filter).some(
    ([name, value]) => name !== 'sort' && value && value.length > 0
  );
}

/** What stays of a filter when all restrictions are lifted: the order. */
export function cleared({ sort }: IRunFilter): IRunFilter {
  return { sort };
}

export function hasGroup(filter: IRunFilter, group: IStateGroup): boolean {
  const chosen = filter.state ?? [];
  return group.states.every(state => chosen.includes(state));
}

/** Show a group of states, or show it no more. */
export function toggleGroup(
  filter: IRunFilter,
  group: IStateGroup
): IRunFilter {
  const rest = (filter.state ?? []).filter(
    state => !group.states.includes(state)
  );
  const state = hasGroup(filter, group) ? rest : [...rest, ...group.states];
  return { ...filter, state };
}

/** The states that are chosen one by one, without the rest of their group. */
export function loneStates(filter: IRunFilter): RunState[] {
  const grouped = STATE_GROUPS.filter(group => hasGroup(filter, group));
  return (filter.state ?? []).filter(
    state => !grouped.some(group => group.states.includes(state))
  );
}

/** Read a filter that was kept, or that a command was given; what is no filter is left out. */
export function asFilter(kept: unknown): IRunFilter {
  if (!kept || typeof kept !== 'object') {
    return {};
  }
  const filter: IRunFilter = {};
  for (const name of [
    'text',
    'target',
    'experiment',
    'notebook',
    'parent_id'
  ] as const) {
    const value = (kept as Record<string, unknown>)[name];
    if (typeof value === 'string' && value) {
      filter[name] = value;
    }
  }
  const { state, sort } = kept as Record<string, unknown>;
  const states = Array.isArray(state) ? state : [state];
  const known = RUN_STATES.filter(one => states.includes(one));
  if (known.length > 0) {
    filter.state = known;
  }
  if (isSort(sort)) {
    filter.sort = sort;
  }
  return filter;
}

function isSort(value: unknown): value is SortName {
  return (
    typeof value === 'string' &&
    SORTS.some(field => value === field || value === `-${field}`)
  );
}
