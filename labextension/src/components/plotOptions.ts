import uPlot from 'uplot';
import { formatDuration, formatValue } from '../model/format';
import type { XAxis } from '../model/metrics';
import { markOf, type IMark } from './plotMarks';

/** Below this many points each has its marker, if there is room. */
const FEW = 60;

/** Pixels between the markers on a line. */
const MARKER_SPACE = 60;

/** A line of a plot; `undefined` is where it has no point of its own, `null` is a gap. */
export interface IPlotLine {
  id: string;
  label: string;
  /** Decides how it looks. */
  place: number;
  y: (number | null | undefined)[];
  /** The values before they were smoothed. */
  raw?: (number | null | undefined)[];
}

export interface IPlotForm {
  lines: readonly Omit<IPlotLine, 'y'>[];
  axis: XAxis;
  isLog: boolean;
  /** Plots with the same key show their cursors at the same place. */
  syncKey?: string;
}

export interface IPlotHooks {
  onCursor: (place: number | null) => void;
  onZoom: (isZoomed: boolean) => void;
}

/** A line's data in the order of the series that `plotOptions` makes of it. */
export function plotData(
  x: number[],
  lines: readonly IPlotLine[]
): uPlot.AlignedData {
  return [x, ...lines.flatMap(({ y, raw }) => (raw ? [raw, y] : [y]))];
}

/** Say where a point stands on the horizontal axis. */
export function formatX(x: number, axis: XAxis): string {
  if (axis === 'step') {
    return formatValue(x);
  }
  return axis === 'since'
    ? formatDuration(x)
    : new Date(x * 1000).toLocaleTimeString();
}

/** How a plot looks and behaves; the colours are those that the theme has now. */
export function plotOptions(
  form: IPlotForm,
  host: HTMLElement,
  hooks: IPlotHooks
): uPlot.Options {
  const style = getComputedStyle(host);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const looks = form.lines.flatMap(line => seriesOf(line, form, color));
  return {
    width: host.clientWidth,
    height: host.clientHeight,
    legend: { show: false },
    padding: [8, 12, 0, 0],
    cursor: {
      points: { size: (u, index) => (u.series[index].label ? 7 : 0) },
      drag: { x: true, y: false, setScale: true },
      sync: form.syncKey
        ? { key: form.syncKey, scales: ['x', null] }
        : undefined
    },
    scales: {
      x: { time: form.axis === 'time' },
      y: form.isLog ? { distr: 3, range: logRange } : { distr: 1 }
    },
    axes: axesOf(form, color, style.fontFamily),
    series: [{}, ...looks],
    hooks: {
      setCursor: [u => hooks.onCursor(u.cursor.idx ?? null)],
      setScale: [(u, key) => key === 'x' && hooks.onZoom(isZoomed(u))]
    }
  };
}

function seriesOf(
  line: Omit<IPlotLine, 'y'>,
  form: IPlotForm,
  color: (name: string) => string
): uPlot.Series[] {
  const mark = markOf(line.place);
  const stroke = color(mark.color);
  const isAlone = form.lines.length === 1;
  const main: uPlot.Series = {
    label: line.label,
    stroke,
    width: 1.5,
    dash: isAlone ? [] : mark.dash,
    points: {
      show: (u, index, from, to) => {
        drawMarkers(u, index, from, to, { mark, stroke, isAlone });
        return false;
      }
    }
  };
  const raw: uPlot.Series = {
    stroke,
    width: 1,
    alpha: 0.3,
    points: { show: false }
  };
  return line.raw ? [raw, main] : [main];
}

function axesOf(
  { axis }: IPlotForm,
  color: (name: string) => string,
  family: string
): uPlot.Axis[] {
  const look: uPlot.Axis = {
    stroke: color('--jp-ui-font-color2'),
    font: `11px ${family}`,
    grid: { stroke: color('--jp-border-color2'), width: 1 },
    ticks: { show: false }
  };
  return [
    {
      ...look,
      size: 24,
      space: axis === 'step' ? 50 : 70,
      values: (_, splits) => splits.map(x => formatX(x, axis))
    },
    {
      ...look,
      space: 28,
      size: (_, values) =>
        Math.max(36, 14 + 6.5 * longest((values ?? []) as (string | null)[])),
      values: (_, splits) =>
        splits.map(y => (y === null ? null : formatValue(y)))
    }
  ];
}

/** As tight as the numbers are, rather than whole powers of ten. */
function logRange(
  _: uPlot,
  min: number | null,
  max: number | null
): uPlot.Range.MinMax {
  return min === null || max === null ? [1, 10] : [min * 0.9, max * 1.1];
}

function longest(texts: readonly (string | null)[]): number {
  return Math.max(0, ...texts.map(text => text?.length ?? 0));
}

function isZoomed({ scales: { x }, data }: uPlot): boolean {
  const all = data[0];
  return (
    all.length > 1 &&
    ((x.min ?? all[0]) > all[0] ||
      (x.max ?? all[all.length - 1]) < all[all.length - 1])
  );
}

interface ILook {
  mark: IMark;
  stroke: string;
  isAlone: boolean;
}

/** Draw the line's marker on all points if they are few, else here and there along a line that is not alone. */
function drawMarkers(
  u: uPlot,
  index: number,
  from: number,
  to: number,
  { mark, stroke, isAlone }: ILook
): void {
  const places: number[] = [];
  if (to - from < FEW) {
    for (let place = from; place <= to; place++) {
      places.push(place);
    }
  } else if (!isAlone) {
    const width = u.over.clientWidth;
    const begin = (index * 23) % MARKER_SPACE;
    for (let left = begin; left < width; left += MARKER_SPACE) {
      places.push(u.posToIdx(left));
    }
  }
  const path = new Path2D(mark.marker);
  const { ctx } = u;
  ctx.save();
  ctx.fillStyle = ctx.strokeStyle = stroke;
  ctx.lineWidth = 1.5;
  for (const place of new Set(places)) {
    const y = u.data[index][place];
    if (y !== null && y !== undefined) {
      const left = u.valToPos(u.data[0][place], 'x', true);
      const top = u.valToPos(y, 'y', true);
      const ratio = uPlot.pxRatio * (isAlone ? 0.7 : 1);
      ctx.setTransform(ratio, 0, 0, ratio, left, top);
      ctx.fill(path);
      ctx.stroke(path);
    }
  }
  ctx.restore();
}
