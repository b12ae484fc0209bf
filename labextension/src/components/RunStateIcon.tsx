import type { TranslationBundle } from '@jupyterlab/translation';
import { isFinal, stateLabel } from '../model/states';
import type { RunState } from '../types';
import { RUN_STATE_SHAPES } from './icons';

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
        <path
          className="jp-compute-RunState-shape"
          data-state={state}
          d={RUN_STATE_SHAPES[state]}
        />
      </svg>
      <span className={isLabelled ? undefined : 'jp-compute-hidden'}>
        {label}
      </span>
    </span>
  );
}
