import type { TranslationBundle } from '@jupyterlab/translation';
import { markOf } from './plotMarks';

export interface ILegendEntry {
  id: string;
  label: string;
  place: number;
  /** The value that is pointed at, or else the last one. */
  value: string;
}

export interface IPlotLegendProps {
  entries: readonly ILegendEntry[];
  hidden: ReadonlySet<string>;
  onToggle: (id: string) => void;
  trans: TranslationBundle;
}

/**
 * Which line is whose; a click hides it or shows it again.
 */
export function PlotLegend({
  entries,
  hidden,
  onToggle,
  trans
}: IPlotLegendProps): JSX.Element {
  return (
    <ul className="jp-compute-PlotLegend" aria-label={trans.__('Runs')}>
      {entries.map(({ id, label, place, value }) => (
        <li key={id}>
          <button
            type="button"
            aria-pressed={!hidden.has(id)}
            title={trans.__('Show or hide %1', label)}
            onClick={() => onToggle(id)}
          >
            <LineMark place={place} />
            <span className="jp-compute-PlotLegend-label">{label}</span>
          </button>
          <span className="jp-compute-PlotLegend-value">{value}</span>
        </li>
      ))}
    </ul>
  );
}

/** A piece of the line of the run at a place. */
export function LineMark({ place }: { place: number }): JSX.Element {
  const { color, dash, marker } = markOf(place);
  const stroke = `var(${color})`;
  return (
    <svg
      className="jp-compute-PlotLegend-mark"
      viewBox="0 0 32 12"
      width="32"
      height="12"
      aria-hidden="true"
      style={{ stroke, fill: stroke }}
    >
      <path d="M0 6h32" strokeDasharray={dash.join(' ')} strokeWidth="1.5" />
      <path d={marker} transform="translate(16 6)" />
    </svg>
  );
}
