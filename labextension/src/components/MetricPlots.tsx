import type { TranslationBundle } from '@jupyterlab/translation';
import { useId, useMemo, useRef, useState } from 'react';
import {
  byMetric,
  isLine,
  runsOf,
  startsOf,
  type IMetric,
  type IRunSeries
} from '../model/metrics';
import { MetricPlot } from './MetricPlot';
import { PlotControls, type IPlotSettings } from './PlotControls';
import { SingleValues } from './SingleValues';

export interface IMetricPlotsProps {
  /** Every metric of every run that is shown; the first run's lines are the plainest. */
  series: readonly IRunSeries[];
  trans: TranslationBundle;
}

const DEFAULTS: IPlotSettings = {
  axis: 'step',
  isLog: false,
  smoothing: 0,
  filter: ''
};

/**
 * A plot of each metric with the lines of all runs, and the metrics that have one value each.
 */
export function MetricPlots({ series, trans }: IMetricPlotsProps): JSX.Element {
  const [settings, setSettings] = useState(DEFAULTS);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const syncKey = useId();
  const runs = useStable(runsOf(series));
  const starts = useStable([...startsOf(series)]);
  const startOf = useMemo(() => new Map(starts), [starts]);
  const metrics = useMetrics(series);
  const wanted = settings.filter.toLowerCase();
  const shown = metrics.filter(({ name }) =>
    name.toLowerCase().includes(wanted)
  );
  const lines = shown.filter(isLine);
  const { axis, isLog, smoothing } = settings;
  const toggle = useRef((id: string) =>
    setHidden(before => {
      const after = new Set(before);
      return after.delete(id) ? after : after.add(id);
    })
  );
  return (
    <div className="jp-compute-MetricPlots">
      <PlotControls
        settings={settings}
        onChange={setSettings}
        hasFilter={metrics.length > 6}
        hasLines={metrics.some(isLine)}
        trans={trans}
      />
      <SingleValues
        metrics={shown.filter(metric => !isLine(metric))}
        runs={runs}
        trans={trans}
      />
      <div className="jp-compute-MetricPlots-grid">
        {lines.map(metric => (
          <MetricPlot
            key={metric.name}
            name={metric.name}
            series={metric.series}
            runs={runs}
            starts={startOf}
            axis={axis}
            isLog={isLog}
            smoothing={smoothing}
            hidden={hidden}
            onToggle={toggle.current}
            syncKey={`${syncKey}-${axis}`}
            trans={trans}
          />
        ))}
      </div>
      {metrics.length > 0 && shown.length === 0 && (
        <p className="jp-compute-MetricPlots-none">
          {trans.__('No metric has “%1” in its name.', settings.filter)}
        </p>
      )}
    </div>
  );
}

/** The metrics; one that nothing was added to stays the very same object, so that it is not drawn again. */
function useMetrics(series: readonly IRunSeries[]): IMetric[] {
  const before = useRef(new Map<string, IMetric>());
  return useMemo(() => {
    const metrics = byMetric(series).map(metric => {
      const old = before.current.get(metric.name);
      return old && isSameMetric(old, metric) ? old : metric;
    });
    before.current = new Map(metrics.map(metric => [metric.name, metric]));
    return metrics;
  }, [series]);
}

function isSameMetric(a: IMetric, b: IMetric): boolean {
  return (
    a.series.length === b.series.length &&
    a.series.every(
      (one, place) =>
        one.runId === b.series[place].runId &&
        one.runName === b.series[place].runName &&
        one.series === b.series[place].series
    )
  );
}

function useStable<T>(value: T): T {
  const kept = useRef({ value, text: JSON.stringify(value) });
  const text = JSON.stringify(value);
  if (kept.current.text !== text) {
    kept.current = { value, text };
  }
  return kept.current.value;
}
