import type { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import { formatMoment } from '../model/format';
import type { IRunSeries } from '../model/metrics';

const ROWS = 200;

export interface ISeriesTableProps {
  series: readonly IRunSeries[];
  /** What the numbers are. */
  name: string;
  trans: TranslationBundle;
}

/**
 * A metric's values as a table: the newest first, more on demand.
 */
export function SeriesTable({
  series,
  name,
  trans
}: ISeriesTableProps): JSX.Element {
  const [most, setMost] = useState(ROWS);
  const rows = series.flatMap(
    ({ runId, runName, series: { step, t, value } }) =>
      value
        .slice(-most)
        .map((one, place, shown) => {
          const at = value.length - shown.length + place;
          const key = `${runId}-${at}`;
          return { key, runName, step: step[at], t: t[at], value: one };
        })
        .reverse()
  );
  const hasMore = series.some(one => one.series.value.length > most);
  return (
    <div
      className="jp-compute-SeriesTable"
      role="region"
      tabIndex={0}
      aria-label={trans.__('Values of %1', name)}
    >
      <table>
        <thead>
          <tr>
            {series.length > 1 && <th scope="col">{trans.__('Run')}</th>}
            <th scope="col">{trans.__('Step')}</th>
            <th scope="col">{trans.__('Value')}</th>
            <th scope="col">{trans.__('Time')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <tr key={row.key}>
              {series.length > 1 && <td>{row.runName}</td>}
              <td>{row.step ?? '–'}</td>
              <td>{String(row.value)}</td>
              <td>{formatMoment(row.t)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {hasMore && (
        <button
          type="button"
          className="jp-compute-Tool"
          onClick={() => setMost(most + 5 * ROWS)}
        >
          {trans.__('Show earlier values')}
        </button>
      )}
    </div>
  );
}
