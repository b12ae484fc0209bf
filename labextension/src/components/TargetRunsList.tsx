import type { TranslationBundle } from '@jupyterlab/translation';
import { formatMoment, formatTime } from '../model/format';
import type { IError, IRunLine } from '../types';
import { ErrorNotice } from './ErrorNotice';
import { RunStateIcon } from './RunStateIcon';

export interface ITargetRunsListProps {
  /** `null` before the first answer. */
  runs: readonly IRunLine[] | null;
  total: number;
  error: IError | null;
  trans: TranslationBundle;
  onOpen: (id: string) => void;
  onShowAll: () => void;
  onRetry: () => void;
}

/**
 * The newest runs on a target.
 */
export function TargetRunsList({
  runs,
  total,
  error,
  trans,
  onOpen,
  onShowAll,
  onRetry
}: ITargetRunsListProps): JSX.Element {
  return (
    <>
      {error && <ErrorNotice error={error} trans={trans} onRetry={onRetry} />}
      {runs === null && !error && <p>{trans.__('Loading…')}</p>}
      {runs?.length === 0 && <p>{trans.__('Nothing has run here yet.')}</p>}
      {runs && runs.length > 0 && (
        <ul className="jp-compute-TargetRuns">
          {runs.map(run => (
            <li key={run.id}>
              <RunStateIcon state={run.state} trans={trans} isLabelled />
              <button
                type="button"
                className="jp-compute-TargetRuns-name"
                title={run.id}
                onClick={() => onOpen(run.id)}
              >
                {run.name || run.id}
              </button>
              <span className="jp-compute-TargetRuns-what">{run.what}</span>
              <span
                className="jp-compute-TargetRuns-time"
                title={formatMoment(run.created)}
              >
                {formatTime(run.created)}
              </span>
            </li>
          ))}
        </ul>
      )}
      {runs && total > runs.length && (
        <button type="button" className="jp-mod-styled" onClick={onShowAll}>
          {trans._n('Show the %1 run', 'Show all %1 runs', total)}
        </button>
      )}
    </>
  );
}
