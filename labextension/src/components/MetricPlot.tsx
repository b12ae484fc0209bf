import type { TranslationBundle } from '@jupyterlab/translation';
import { memo, useMemo, useState } from 'react';
import { formatValue } from '../model/format';
import {
  align,
  pointsOf,
  smooth,
  summarize,
  toCsv,
  valueAt,
  type IPlottedRun,
  type IRunSeries,
  type ISummary,
  type XAxis
} from '../model/metrics';
import { Plot } from './Plot';
import { PlotLegend } from './PlotLegend';
import { SeriesTable } from './SeriesTable';
import { formatX, type IPlotLine } from './plotOptions';
import { saveText } from './save';

export interface IMetricPlotProps {
  name: string;
  /** This metric's values, one entry a run. */
  series: readonly IRunSeries[];
  /** All runs that are compared, so that a run looks the same in every plot. */
  runs: readonly IPlottedRun[];
  starts: ReadonlyMap<string, number>;
  axis: XAxis;
  isLog: boolean;
  smoothing: number;
  hidden: ReadonlySet<string>;
  onToggle: (runId: string) => void;
  syncKey: string;
  trans: TranslationBundle;
}

/**
 * One metric: its lines, the values that are pointed at, and the same as a table or a file.
 */
export const MetricPlot = memo(function MetricPlot(
  props: IMetricPlotProps
): JSX.Element {
  const { name, series, hidden, axis, isLog, onToggle, trans } = props;
  const [isTable, setTable] = useState(false);
  const [at, setAt] = useState<number | null>(null);
  const [byKey, setByKey] = useState(false);
  const { x, lines } = useLines(props);
  const summaries = useMemo(
    () => series.map(one => summarize(one.series)),
    [series]
  );
  const hasPoints = lines.some(line => line.y.some(y => typeof y === 'number'));
  const readout = useReadout(props, x, lines, at, summaries);
  return (
    <figure className="jp-compute-MetricPlot" aria-label={name}>
      <figcaption>
        <h3 title={name}>{name}</h3>
        <button
          type="button"
          className="jp-compute-Tool"
          aria-pressed={isTable}
          onClick={() => setTable(!isTable)}
        >
          {trans.__('Table')}
        </button>
        <button
          type="button"
          className="jp-compute-Tool"
          title={trans.__('Save all values of %1 as a CSV file', name)}
          onClick={() => saveText(`${name}.csv`, toCsv(series), 'text/csv')}
        >
          {trans.__('CSV')}
        </button>
      </figcaption>
      {isTable ? (
        <SeriesTable series={series} name={name} trans={trans} />
      ) : hasPoints ? (
        <Plot
          x={x}
          lines={lines}
          hidden={hidden}
          axis={axis}
          isLog={isLog}
          syncKey={props.syncKey}
          label={plotLabel(props, summaries)}
          onCursor={(place, isByKey) => {
            setAt(place);
            setByKey(isByKey);
          }}
        />
      ) : (
        <p className="jp-compute-MetricPlot-nothing">
          {trans.__('No value is positive, so a logarithmic scale shows none.')}
        </p>
      )}
      <div aria-live={byKey ? 'polite' : 'off'}>
        <p className="jp-compute-MetricPlot-readout">{readout.text}</p>
        {readout.entries.length > 1 && (
          <PlotLegend
            entries={readout.entries}
            hidden={hidden}
            onToggle={onToggle}
            trans={trans}
          />
        )}
      </div>
    </figure>
  );
});

function useLines(props: IMetricPlotProps): {
  x: number[];
  lines: IPlotLine[];
} {
  const { series, runs, starts, axis, isLog, smoothing } = props;
  const aligned = useMemo(
    () =>
      align(
        series.map(one =>
          pointsOf(one.series, axis, starts.get(one.runId), isLog)
        )
      ),
    [series, starts, axis, isLog]
  );
  return useMemo(() => {
    const lines = series.map(({ runId, runName }, index) => {
      const place = runs.find(run => run.id === runId)?.place ?? index;
      const y = aligned.ys[index];
      return smoothing
        ? { id: runId, label: runName, place, y: smooth(y, smoothing), raw: y }
        : { id: runId, label: runName, place, y };
    });
    return { x: aligned.x, lines };
  }, [aligned, series, runs, smoothing]);
}

function useReadout(
  { axis, series, trans }: IMetricPlotProps,
  x: readonly number[],
  lines: readonly IPlotLine[],
  at: number | null,
  summaries: readonly ISummary[]
) {
  const isPointed = at !== null && at < x.length;
  const values = lines.map(({ y }, index) => {
    const value = isPointed ? valueAt(y, at) : summaries[index].last;
    return value === null ? '–' : formatValue(value);
  });
  const entries = lines.map(({ id, label, place }, index) => ({
    id,
    label,
    place,
    value: values[index]
  }));
  const where = isPointed ? whereText(x[at], axis, trans) : '';
  const isAlone = series.length === 1;
  const text = isPointed
    ? isAlone
      ? `${where}: ${values[0]}`
      : where
    : isAlone
      ? summaryText(summaries[0], trans)
      : trans.__('Last values');
  return { text, entries };
}

function whereText(x: number, axis: XAxis, trans: TranslationBundle): string {
  const text = formatX(x, axis);
  switch (axis) {
    case 'step':
      return trans.__('At step %1', text);
    case 'since':
      return trans.__('After %1', text);
    case 'time':
      return trans.__('At %1', text);
  }
}

/** A series in a sentence. */
export function summaryText(
  { last, min, max, minAt, maxAt, gaps, count }: ISummary,
  trans: TranslationBundle
): string {
  if (last === null || min === null || max === null) {
    return trans.__('No numbers');
  }
  const parts = [
    trans.__('last %1', formatValue(last)),
    trans.__('lowest %1 at step %2', formatValue(min), formatValue(minAt)),
    trans.__('highest %1 at step %2', formatValue(max), formatValue(maxAt))
  ];
  if (gaps) {
    parts.push(
      trans._n(
        '%1 of %2 values is no number: a gap',
        '%1 of %2 values are no numbers: gaps',
        gaps,
        count
      )
    );
  }
  return parts.join(' · ');
}

function plotLabel(
  { name, series, trans }: IMetricPlotProps,
  summaries: readonly ISummary[]
): string {
  const said = series.map(
    ({ runName }, index) =>
      `${runName}: ${summaryText(summaries[index], trans)}.`
  );
  const keys = trans.__(
    'Arrow keys move along the line, plus and minus zoom, Escape shows all.'
  );
  return [trans.__('Plot of %1.', name), ...said, keys].join(' ');
}
