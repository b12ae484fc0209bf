import { useEffect, useRef, type KeyboardEvent, type RefObject } from 'react';
import uPlot from 'uplot';
import type { XAxis } from '../model/metrics';
import { plotData, plotOptions, type IPlotLine } from './plotOptions';
import { useIsSeen } from './useIsSeen';
import { useTheme } from './useTheme';

export interface IPlotProps {
  x: number[];
  lines: readonly IPlotLine[];
  /** The ids of the lines that are not drawn. */
  hidden: ReadonlySet<string>;
  axis: XAxis;
  isLog: boolean;
  /** What is drawn, for those who cannot see it. */
  label: string;
  syncKey?: string;
  /** The place in `x` that is pointed at; `byKey` is set when it was by a key. */
  onCursor: (place: number | null, byKey: boolean) => void;
}

const ZOOM = 0.6;

/**
 * Lines on a canvas. Drag to zoom, double click to see all; arrow keys, `+`, `-` and Escape do the same.
 */
export function Plot(props: IPlotProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const plot = usePlot(host, props);
  return (
    <div
      ref={host}
      className="jp-compute-Plot"
      role="group"
      tabIndex={0}
      aria-label={props.label}
      onKeyDown={event => plot.current && pressed(plot.current, event, props)}
    />
  );
}

function usePlot(
  host: RefObject<HTMLDivElement>,
  props: IPlotProps
): RefObject<uPlot | null> {
  const { x, lines, hidden, axis, isLog, syncKey } = props;
  const isSeen = useIsSeen(host);
  const theme = useTheme();
  const plot = useRef<uPlot | null>(null);
  const isZoomed = useRef(false);
  const latest = useRef(props);
  latest.current = props;
  const form = lines
    .map(({ id, label, place, raw }) => [id, label, place, !!raw].join())
    .join('\n');

  useEffect(() => {
    const node = host.current;
    if (!isSeen || !node) {
      return;
    }
    const { lines, x } = latest.current;
    const options = plotOptions({ lines, axis, isLog, syncKey }, node, {
      onCursor: place => latest.current.onCursor(place, false),
      onZoom: is => (isZoomed.current = is)
    });
    const made = new uPlot(options, plotData(x, lines), node);
    plot.current = made;
    isZoomed.current = false;
    const observer = new ResizeObserver(() => {
      if (node.clientWidth && node.clientHeight) {
        made.setSize({ width: node.clientWidth, height: node.clientHeight });
      }
    });
    observer.observe(node);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [host, isSeen, theme, form, axis, isLog, syncKey]);

  useEffect(() => {
    plot.current?.setData(plotData(x, lines), !isZoomed.current);
    if (isZoomed.current) {
      plot.current?.redraw();
    }
  }, [x, lines]);

  useEffect(() => {
    const shown = lines.flatMap(({ id, raw }) =>
      Array<boolean>(raw ? 2 : 1).fill(!hidden.has(id))
    );
    shown.forEach((show, place) => {
      if (plot.current && plot.current.series[place + 1].show !== show) {
        plot.current.setSeries(place + 1, { show });
      }
    });
  }, [hidden, lines, isSeen, theme, form, axis, isLog]);
  return plot;
}

function pressed(u: uPlot, event: KeyboardEvent, props: IPlotProps): void {
  const last = props.x.length - 1;
  const at = u.cursor.idx ?? null;
  const stride = event.shiftKey ? 10 : 1;
  const { min, max } = u.scales.x;
  switch (event.key) {
    case 'ArrowLeft':
      point(u, props, at === null ? last : Math.max(0, at - stride));
      break;
    case 'ArrowRight':
      point(u, props, at === null ? 0 : Math.min(last, at + stride));
      break;
    case 'Home':
      point(u, props, 0);
      break;
    case 'End':
      point(u, props, last);
      break;
    case '+':
    case '-': {
      const middle = at === null ? ((min ?? 0) + (max ?? 0)) / 2 : props.x[at];
      zoom(u, props, middle, event.key === '+' ? ZOOM : 1 / ZOOM);
      break;
    }
    case 'Escape':
      together(u, props).forEach(one =>
        one.setScale('x', { min: one.data[0][0], max: one.data[0].at(-1) ?? 0 })
      );
      break;
    default:
      return;
  }
  event.preventDefault();
  event.stopPropagation();
}

function point(u: uPlot, props: IPlotProps, place: number): void {
  together(u, props).forEach(one =>
    one.setCursor({
      left: one.valToPos(props.x[place], 'x'),
      top: one.over.clientHeight / 2
    })
  );
  props.onCursor(place, true);
}

/** The plots that show the same part, as they do when the mouse is used. */
function together(u: uPlot, { syncKey }: IPlotProps): readonly uPlot[] {
  return syncKey ? uPlot.sync(syncKey).plots : [u];
}

function zoom(
  u: uPlot,
  props: IPlotProps,
  middle: number,
  factor: number
): void {
  const { min, max } = u.scales.x;
  if (min === undefined || max === undefined) {
    return;
  }
  const limits = {
    min: middle - (middle - min) * factor,
    max: middle + (max - middle) * factor
  };
  together(u, props).forEach(one => one.setScale('x', limits));
}
