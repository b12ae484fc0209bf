/**
 * Series of numbers as plots and tables need them.
 */
import type { ISeries, Value } from '../types';

/** What stands on the horizontal axis: the step, seconds since the start, or the time of day. */
export type XAxis = 'step' | 'since' | 'time';

/** One metric of one run. */
export interface IRunSeries {
  runId: string;
  runName: string;
  name: string;
  series: ISeries;
  /** When the run started; without it, the first value counts as the start. */
  started?: number | null;
}

/** A run as a plot tells it from others: its place decides how its lines look. */
export interface IPlottedRun {
  id: string;
  name: string;
  place: number;
}

/** All runs' values of one metric. */
export interface IMetric {
  name: string;
  series: IRunSeries[];
}

/** Points with ascending x; `null` is a gap. */
export interface IPoints {
  x: number[];
  y: (number | null)[];
}

/** Lines over one x; `undefined` is where a line has no point of its own. */
export interface IAligned {
  x: number[];
  ys: (number | null | undefined)[][];
}

export interface ISummary {
  count: number;
  /** How many values are no numbers: `nan`, `inf`, text. */
  gaps: number;
  last: Value | null;
  min: number | null;
  max: number | null;
  /** The steps (or places) of the lowest and the highest value. */
  minAt: number;
  maxAt: number;
}

/** The runs there are, in the order in which they are given. */
export function runsOf(series: readonly IRunSeries[]): IPlottedRun[] {
  const names = new Map(series.map(one => [one.runId, one.runName]));
  return [...names].map(([id, name], place) => ({ id, name, place }));
}

/** Put together what belongs to one metric; metrics in the order of their names. */
export function byMetric(series: readonly IRunSeries[]): IMetric[] {
  const found = new Map<string, IRunSeries[]>();
  for (const one of series) {
    const together = found.get(one.name);
    if (together) {
      together.push(one);
    } else {
      found.set(one.name, [one]);
    }
  }
  return [...found]
    .map(([name, together]) => ({ name, series: together }))
    .sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
}

/** Whether a metric makes a line: two numbers or more in one of the runs. */
export function isLine({ series }: IMetric): boolean {
  return series.some(one => {
    let numbers = 0;
    return one.series.value.some(value => isNumber(value) && ++numbers > 1);
  });
}

/** When each run began, for the axis of seconds since then. */
export function startsOf(series: readonly IRunSeries[]): Map<string, number> {
  const starts = new Map<string, number>();
  for (const { runId, started, series: one } of series) {
    const first = started ?? one.t[0];
    if (first !== undefined) {
      starts.set(runId, Math.min(first, starts.get(runId) ?? Infinity));
    }
  }
  return starts;
}

/**
 * The points of a series.
 *
 * @param isLog Only positive numbers can stand on a logarithmic scale; others become gaps.
 */
export function pointsOf(
  { step, t, value }: ISeries,
  axis: XAxis,
  start = 0,
  isLog = false
): IPoints {
  const x =
    axis === 'step'
      ? step.map((one, place) => one ?? place)
      : axis === 'since'
        ? t.map(one => one - start)
        : t;
  const y = value.map(one =>
    isNumber(one) && (!isLog || one > 0) ? one : null
  );
  return isAscending(x) ? { x, y } : sorted(x, y);
}

/** Bring several lines over one x. */
export function align(lines: readonly IPoints[]): IAligned {
  const [first] = lines;
  if (!first || lines.every(line => isSame(line.x, first.x))) {
    return { x: first?.x ?? [], ys: lines.map(line => line.y) };
  }
  const x = union(lines.map(line => line.x));
  return { x, ys: lines.map(line => spread(line, x)) };
}

/**
 * The exponential moving average that TensorBoard draws, without its pull towards zero at the beginning.
 *
 * @param weight 0 (as it is) to 1 (nothing moves).
 */
export function smooth(
  y: readonly (number | null | undefined)[],
  weight: number
): (number | null | undefined)[] {
  let last = 0;
  let share = 1;
  return y.map(one => {
    if (typeof one !== 'number') {
      return one;
    }
    last = last * weight + one * (1 - weight);
    share *= weight;
    return last / (1 - share);
  });
}

/** The value of a line at a place, or else the nearest one before it. */
export function valueAt(
  y: readonly (number | null | undefined)[],
  place: number
): number | null {
  let at = place;
  while (at >= 0 && y[at] === undefined) {
    at--;
  }
  return y[at] ?? null;
}

/** A series in a few numbers. */
export function summarize({ step, value }: ISeries): ISummary {
  const last = value.length ? value[value.length - 1] : null;
  const found: ISummary = {
    count: value.length,
    gaps: 0,
    last,
    min: null,
    max: null,
    minAt: 0,
    maxAt: 0
  };
  value.forEach((one, place) => {
    if (!isNumber(one)) {
      found.gaps++;
      return;
    }
    const at = step[place] ?? place;
    if (found.min === null || one < found.min) {
      found.min = one;
      found.minAt = at;
    }
    if (found.max === null || one > found.max) {
      found.max = one;
      found.maxAt = at;
    }
  });
  return found;
}

/** All values as a file for spreadsheets. */
export function toCsv(series: readonly IRunSeries[]): string {
  const rows = series.flatMap(({ runId, runName, name, series: one }) =>
    one.value.map((value, place) => [
      name,
      runName,
      runId,
      one.step[place] ?? '',
      new Date(one.t[place] * 1000).toISOString(),
      value
    ])
  );
  return [['metric', 'run', 'run_id', 'step', 'time', 'value'], ...rows]
    .map(row => row.map(quoted).join(',') + '\r\n')
    .join('');
}

function isNumber(value: Value): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isAscending(x: readonly number[]): boolean {
  for (let place = 1; place < x.length; place++) {
    if (x[place] < x[place - 1]) {
      return false;
    }
  }
  return true;
}

function sorted(x: number[], y: (number | null)[]): IPoints {
  const order = x.map((_, place) => place).sort((a, b) => x[a] - x[b] || a - b);
  return { x: order.map(place => x[place]), y: order.map(place => y[place]) };
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return (
    a === b ||
    (a.length === b.length && a.every((one, place) => one === b[place]))
  );
}

function union(all: readonly number[][]): number[] {
  const every = Float64Array.from(all.flat()).sort();
  const x: number[] = [];
  for (const one of every) {
    if (one !== x[x.length - 1]) {
      x.push(one);
    }
  }
  return x;
}

function spread(
  line: IPoints,
  x: readonly number[]
): (number | null | undefined)[] {
  const y = new Array<number | null | undefined>(x.length).fill(undefined);
  let at = 0;
  line.x.forEach((one, place) => {
    while (x[at] < one) {
      at++;
    }
    y[at] = line.y[place];
  });
  return y;
}

function quoted(cell: string | number): string {
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}
