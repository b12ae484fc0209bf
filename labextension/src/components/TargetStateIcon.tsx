import type { TranslationBundle } from '@jupyterlab/translation';
import { targetStateLabel, type TargetState } from '../model/targetStates';

/** A shape for each state, beside the word for it. */
const SHAPES: Record<TargetState, string> = {
  unchecked: 'M8 2.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11',
  checking: 'M13.5 8A5.5 5.5 0 1 1 8 2.5',
  ready: 'M2.5 8.5l3.5 3.5 7.5-8',
  warned: 'M8 2.5L14.5 13.5h-13zM8 6.5v3M8 11.5v.2',
  problems: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  unreachable: 'M2.5 8h2.5M11 8h2.5M8 2.5v2.5M8 11v2.5M6 6l4 4M10 6l-4 4'
};

export interface ITargetStateIconProps {
  state: TargetState;
  trans: TranslationBundle;
}

/**
 * A target's state: a shape and a word, which is also told when it changes.
 */
export function TargetStateIcon({
  state,
  trans
}: ITargetStateIconProps): JSX.Element {
  return (
    <span className="jp-compute-TargetState" data-state={state}>
      <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
        <path d={SHAPES[state]} />
      </svg>
      <span aria-live="polite">{targetStateLabel(state, trans)}</span>
    </span>
  );
}
