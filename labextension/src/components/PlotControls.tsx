import type { TranslationBundle } from '@jupyterlab/translation';
import type { XAxis } from '../model/metrics';

/** What holds for all plots of a page. */
export interface IPlotSettings {
  axis: XAxis;
  isLog: boolean;
  /** 0 to 0.99. */
  smoothing: number;
  /** A part of the metrics' names. */
  filter: string;
}

export interface IPlotControlsProps {
  settings: IPlotSettings;
  onChange: (settings: IPlotSettings) => void;
  hasFilter: boolean;
  hasLines: boolean;
  trans: TranslationBundle;
}

/**
 * The axes, the smoothing, and which metrics are shown.
 */
export function PlotControls({
  settings,
  onChange,
  hasFilter,
  hasLines,
  trans
}: IPlotControlsProps): JSX.Element {
  const change = (some: Partial<IPlotSettings>) =>
    onChange({ ...settings, ...some });
  return (
    <div
      className="jp-compute-PlotControls"
      role="group"
      aria-label={trans.__('Plot settings')}
    >
      {hasLines && (
        <>
          <label>
            {trans.__('Over')}
            <select
              value={settings.axis}
              onChange={event => change({ axis: event.target.value as XAxis })}
            >
              <option value="step">{trans.__('step')}</option>
              <option value="since">{trans.__('time since start')}</option>
              <option value="time">{trans.__('time of day')}</option>
            </select>
          </label>
          <label>
            <input
              type="checkbox"
              checked={settings.isLog}
              onChange={event => change({ isLog: event.target.checked })}
            />
            {trans.__('Logarithmic')}
          </label>
          <label>
            {trans.__('Smoothing')}
            <input
              type="range"
              min="0"
              max="0.99"
              step="0.01"
              value={settings.smoothing}
              onChange={event =>
                change({ smoothing: Number(event.target.value) })
              }
            />
            <output>{settings.smoothing.toFixed(2)}</output>
          </label>
        </>
      )}
      {hasFilter && (
        <input
          type="search"
          value={settings.filter}
          placeholder={trans.__('Filter metrics')}
          aria-label={trans.__('Filter metrics')}
          onChange={event => change({ filter: event.target.value })}
        />
      )}
    </div>
  );
}
