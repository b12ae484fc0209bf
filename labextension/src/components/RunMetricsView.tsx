import type { TranslationBundle } from '@jupyterlab/translation';
import { formatTime } from '../model/format';
import type { IRunSeries } from '../model/metrics';
import type { IError, IRunLine } from '../types';
import { EmptyState } from './EmptyState';
import { ErrorNotice } from './ErrorNotice';
import { MetricPlots } from './MetricPlots';
import { RunStateIcon } from './RunStateIcon';

export interface IRunMetricsViewProps {
  series: readonly IRunSeries[];
  /** Runs that can be shown beside; `null` before they were asked for. */
  others: readonly IRunLine[] | null;
  othersError: IError | null;
  beside: ReadonlySet<string>;
  experiment: string;
  /** Whether the run goes on, so that something may still come. */
  isLive: boolean;
  onLoadOthers: () => void;
  onBeside: (id: string, isBeside: boolean) => void;
  trans: TranslationBundle;
}

/**
 * The metrics of a run, if need be over those of others of its experiment.
 */
export function RunMetricsView(props: IRunMetricsViewProps): JSX.Element {
  const { series, isLive, trans } = props;
  if (series.length === 0) {
    return <NoMetrics isLive={isLive} trans={trans} />;
  }
  return (
    <div className="jp-compute-RunMetrics">
      <Beside {...props} />
      <MetricPlots series={series} trans={trans} />
    </div>
  );
}

function NoMetrics({
  isLive,
  trans
}: Pick<IRunMetricsViewProps, 'isLive' | 'trans'>): JSX.Element {
  return (
    <EmptyState
      title={
        isLive
          ? trans.__('The run has logged no metrics yet')
          : trans.__('The run has logged no metrics')
      }
    >
      <p>
        {trans.__('Log a number as often as you like, and it is plotted here:')}
      </p>
      <pre>
        {'from jupyter_compute_run import log\n\nlog("loss", loss, step=epoch)'}
      </pre>
    </EmptyState>
  );
}

function Beside({
  others,
  othersError,
  beside,
  experiment,
  onLoadOthers,
  onBeside,
  trans
}: IRunMetricsViewProps): JSX.Element {
  return (
    <details
      className="jp-compute-Beside"
      onToggle={event => event.currentTarget.open && onLoadOthers()}
    >
      <summary>
        {beside.size
          ? trans._n('Beside %1 other run', 'Beside %1 other runs', beside.size)
          : trans.__('Show other runs beside it')}
      </summary>
      {othersError && (
        <ErrorNotice error={othersError} trans={trans} onRetry={onLoadOthers} />
      )}
      {others?.length === 0 && (
        <p>{trans.__('The experiment “%1” has no other runs.', experiment)}</p>
      )}
      <ul
        aria-label={trans.__('Recent runs of the experiment “%1”', experiment)}
      >
        {others?.map(run => (
          <li key={run.id}>
            <label>
              <input
                type="checkbox"
                checked={beside.has(run.id)}
                onChange={event => onBeside(run.id, event.target.checked)}
              />
              <RunStateIcon state={run.state} trans={trans} />
              <span className="jp-compute-Beside-name" title={run.id}>
                {run.name || run.id}
              </span>
              <span>{formatTime(run.created)}</span>
            </label>
          </li>
        ))}
      </ul>
    </details>
  );
}
