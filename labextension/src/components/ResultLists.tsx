import type { TranslationBundle } from '@jupyterlab/translation';
import { useMemo } from 'react';
import type { IRunSeries } from '../model/metrics';
import type { Value } from '../types';
import { MetricPlot } from './MetricPlot';

const NOBODY: ReadonlySet<string> = new Set();
const NO_STARTS: ReadonlyMap<string, number> = new Map();

export interface IResultListsProps {
  lists: Readonly<Record<string, Value[]>>;
  trans: TranslationBundle;
}

/**
 * Lists of numbers, such as curves: each is a small plot.
 */
export function ResultLists({ lists, trans }: IResultListsProps): JSX.Element {
  const series = useMemo(
    () => Object.entries(lists).map(([name, values]) => asSeries(name, values)),
    [lists]
  );
  return (
    <div className="jp-compute-MetricPlots-grid">
      {series.map(one => (
        <MetricPlot
          key={one[0].name}
          name={one[0].name}
          series={one}
          runs={[]}
          starts={NO_STARTS}
          axis="step"
          isLog={false}
          smoothing={0}
          hidden={NOBODY}
          onToggle={() => undefined}
          syncKey=""
          trans={trans}
        />
      ))}
    </div>
  );
}

/** A list is a series whose steps are the places in the list. */
function asSeries(name: string, value: Value[]): IRunSeries[] {
  const series = {
    step: value.map((_, place) => place),
    t: value.map(() => 0),
    value
  };
  return [{ runId: name, runName: name, name, series }];
}
