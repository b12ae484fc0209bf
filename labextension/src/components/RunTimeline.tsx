import type { TranslationBundle } from '@jupyterlab/translation';
import { formatDuration } from '../model/format';
import { stretchLabel, type IStretch } from '../model/timeline';

export interface IRunTimelineProps {
  stretches: readonly IStretch[];
  trans: TranslationBundle;
}

/**
 * What a run spends its time on: each part as wide as it is long, as far as its words allow.
 */
export function RunTimeline({
  stretches,
  trans
}: IRunTimelineProps): JSX.Element | null {
  if (!stretches.length) {
    return null;
  }
  return (
    <ol className="jp-compute-RunTimeline" aria-label={trans.__('Phases')}>
      {stretches.map(({ name, seconds, isGoing }) => (
        <li
          key={name}
          data-going={isGoing}
          aria-current={isGoing ? 'step' : undefined}
          style={{ flexGrow: Math.max(seconds ?? 0, 0.001) }}
        >
          {stretchLabel(name, trans)}
          {seconds !== null && (
            <span className="jp-compute-RunTimeline-time">
              {formatDuration(seconds)}
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}
