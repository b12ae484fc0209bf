import type { TranslationBundle } from '@jupyterlab/translation';
import { formatValue } from '../model/format';
import type { IMetric, IPlottedRun } from '../model/metrics';

export interface ISingleValuesProps {
  metrics: readonly IMetric[];
  runs: readonly IPlottedRun[];
  trans: TranslationBundle;
}

/**
 * The metrics that make no line: the last value of each.
 */
export function SingleValues({
  metrics,
  runs,
  trans
}: ISingleValuesProps): JSX.Element | null {
  if (metrics.length === 0) {
    return null;
  }
  return (
    <table className="jp-compute-SingleValues">
      <caption className="jp-compute-hidden">
        {trans.__('Metrics with a single value')}
      </caption>
      <thead>
        <tr>
          <th scope="col">{trans.__('Metric')}</th>
          {runs.length === 1 ? (
            <th scope="col">{trans.__('Value')}</th>
          ) : (
            runs.map(run => (
              <th key={run.id} scope="col">
                {run.name}
              </th>
            ))
          )}
        </tr>
      </thead>
      <tbody>
        {metrics.map(({ name, series }) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {runs.map(({ id }) => {
              const value = series.find(one => one.runId === id)?.series.value;
              const last = value?.[value.length - 1];
              return (
                <td key={id}>{last === undefined ? '–' : formatValue(last)}</td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
