import type { TranslationBundle } from '@jupyterlab/translation';
import type {
  GroupId,
  ICompareGroup,
  ICompareRow,
  RunField
} from '../model/compareTable';
import {
  formatDuration,
  formatJson,
  formatMoment,
  formatValue
} from '../model/format';
import { stateLabel } from '../model/states';
import type { IRun, RunState } from '../types';
import { RunStateIcon } from './RunStateIcon';

export interface ICompareTableProps {
  runs: readonly IRun[];
  groups: readonly ICompareGroup[];
  /** Whether rows that are the same stand among the others, which are then marked. */
  hasSame: boolean;
  trans: TranslationBundle;
  onOpen: (id: string) => void;
}

/**
 * Runs as columns, what they differ in as rows.
 */
export function CompareTable({
  runs,
  groups,
  hasSame,
  trans,
  onOpen
}: ICompareTableProps): JSX.Element {
  return (
    <div
      className="jp-compute-CompareTable"
      role="region"
      aria-label={trans.__('The runs side by side')}
      tabIndex={0}
    >
      <table>
        <thead>
          <tr>
            <td />
            {runs.map(run => (
              <th key={run.id} scope="col">
                <RunStateIcon state={run.state} trans={trans} />
                <button type="button" onClick={() => onOpen(run.id)}>
                  {run.name}
                </button>
                <span className="jp-compute-CompareTable-id">{run.id}</span>
              </th>
            ))}
          </tr>
        </thead>
        {groups
          .filter(({ rows }) => rows.length > 0)
          .map(({ id, rows }) => (
            <tbody key={id}>
              <tr>
                <th
                  scope="rowgroup"
                  colSpan={runs.length + 1}
                  className="jp-compute-CompareTable-group"
                >
                  <span>{groupLabel(id, trans)}</span>
                </th>
              </tr>
              {rows.map(row => (
                <Row
                  key={row.name}
                  group={id}
                  row={row}
                  isMarked={hasSame && row.differs}
                  trans={trans}
                />
              ))}
            </tbody>
          ))}
      </table>
    </div>
  );
}

interface IRowProps {
  group: GroupId;
  row: ICompareRow;
  isMarked: boolean;
  trans: TranslationBundle;
}

function Row({ group, row, isMarked, trans }: IRowProps): JSX.Element {
  const { name, values } = row;
  return (
    <tr data-differs={isMarked}>
      <th scope="row">
        {group === 'run' ? fieldLabel(name as RunField, trans) : name}
        {isMarked && (
          <span className="jp-compute-hidden">{trans.__('(differs)')}</span>
        )}
      </th>
      {values.map((value, place) => (
        <td key={place}>{shown(group, name, value, trans)}</td>
      ))}
    </tr>
  );
}

function shown(
  group: GroupId,
  name: string,
  value: unknown,
  trans: TranslationBundle
): string {
  if (value === undefined || value === null || value === '') {
    return '–';
  }
  if (group === 'metrics') {
    return formatValue(value as number | string);
  }
  if (group === 'run') {
    switch (name) {
      case 'state':
        return stateLabel(value as RunState, trans);
      case 'created':
        return formatMoment(value as number);
      case 'seconds':
        return formatDuration(value as number);
      case 'changes':
        return value ? trans.__('yes') : trans.__('no');
    }
  }
  return plain(value);
}

/** Lists of words and labels as people write them, anything else as JSON. */
function plain(value: unknown): string {
  if (Array.isArray(value) && value.every(one => typeof one === 'string')) {
    return value.join(' ') || '–';
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const parts = Object.entries(value);
    return (
      parts.map(([name, part]) => `${name}=${formatJson(part)}`).join(', ') ||
      '–'
    );
  }
  return formatJson(value);
}

function groupLabel(id: GroupId, trans: TranslationBundle): string {
  switch (id) {
    case 'run':
      return trans.__('Run');
    case 'params':
      return trans.__('Parameters');
    case 'environment':
      return trans.__('Environment');
    case 'metrics':
      return trans.__('Metrics, last values');
  }
}

function fieldLabel(field: RunField, trans: TranslationBundle): string {
  const labels: Record<RunField, string> = {
    state: trans.__('State'),
    error: trans.__('Error'),
    what: trans.__('Program'),
    args: trans.__('Arguments'),
    target: trans.__('Target'),
    experiment: trans.__('Experiment'),
    created: trans.__('Submitted'),
    seconds: trans.__('Took'),
    exit_code: trans.__('Exit code'),
    attempt: trans.__('Attempt'),
    host: trans.__('Host'),
    resources: trans.__('Resources'),
    tags: trans.__('Tags'),
    source: trans.__('Folder'),
    branch: trans.__('Git branch'),
    commit: trans.__('Git commit'),
    changes: trans.__('Uncommitted changes'),
    snapshot: trans.__('Snapshot')
  };
  return labels[field];
}
