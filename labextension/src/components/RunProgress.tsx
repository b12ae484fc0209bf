import type { TranslationBundle } from '@jupyterlab/translation';
import type { IProgress } from '../types';

export interface IRunProgressProps {
  progress: IProgress;
  trans: TranslationBundle;
}

/**
 * How far a run says that it is.
 */
export function RunProgress({
  progress,
  trans
}: IRunProgressProps): JSX.Element {
  const percent = Math.round(Math.min(Math.max(progress.fraction, 0), 1) * 100);
  return (
    <div className="jp-compute-RunProgress">
      <div
        className="jp-compute-RunProgress-track"
        role="progressbar"
        aria-label={trans.__('Progress')}
        aria-valuenow={percent}
        aria-valuetext={trans.__('%1 % %2', percent, progress.label)}
      >
        <div
          className="jp-compute-RunProgress-bar"
          style={{ width: `${percent}%` }}
        />
      </div>
      <span>{trans.__('%1 %', percent)}</span>
      {progress.label && (
        <span className="jp-compute-RunProgress-label">{progress.label}</span>
      )}
    </div>
  );
}
