import type { TranslationBundle } from '@jupyterlab/translation';
import { isFinal, stateLabel } from '../model/states';
import type { RunState } from '../types';

/** A shape for each state: nobody has to tell colours apart. */
export const SHAPES: Record<RunState, string> = {
  queued: 'M8 3v5l3 2M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13',
  preparing: 'M8 2v8M4.5 7L8 10.5 11.5 7M3 13.5h10',
  running: 'M5 3l8 5-8 5z',
  finalizing: 'M8 10.5v-8M4.5 5.5L8 2l3.5 3.5M3 13.5h10',
  completed: 'M2.5 8.5l3.5 3.5 7.5-8',
  failed: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  canceled: 'M3 3h10v10H3zM3 13L13 3'
};

export interface IRunStateIconProps {
  state: RunState;
  trans: TranslationBundle;
  /** Whether the word stands beside the shape; otherwise only who listens hears it. */
  isLabelled?: boolean;
}

/**
 * A run's state: a shape, and the word for it.
 */
export function RunStateIcon({
  state,
  trans,
  isLabelled = false
}: IRunStateIconProps): JSX.Element {
  const label = stateLabel(state, trans);
  return (
    <span
      className="jp-compute-RunState"
      data-state={state}
      data-active={!isFinal(state)}
      title={isLabelled ? undefined : label}
    >
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d={SHAPES[state]} />
      </svg>
      <span className={isLabelled ? undefined : 'jp-compute-hidden'}>
        {label}
      </span>
    </span>
  );
}
