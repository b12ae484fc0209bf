import type { TranslationBundle } from '@jupyterlab/translation';
import { ellipsesIcon, refreshIcon } from '@jupyterlab/ui-components';
import { useRef, type PointerEvent as ReactPointerEvent } from 'react';
import { formatMoment, formatTime } from '../model/format';
import { loadLabel, targetLoad, targetState } from '../model/targetStates';
import type { ITarget } from '../types';
import { kindIcon } from './targetIcons';
import { TargetProblems } from './TargetProblems';
import { TargetStateIcon } from './TargetStateIcon';

/** What can be done with a target of the list. */
export interface ITargetDeeds {
  onOpen: (name: string) => void;
  onCheck: (name: string) => void;
  /** Shows what else can be done, below the button that was pressed. */
  onMore: (name: string, button: HTMLElement) => void;
  /** The pointer moves off with the target. */
  onDrag: (name: string, event: PointerEvent) => void;
  /** Answers a question that the target asks. */
  onAnswer: (name: string) => void;
}

export interface ITargetItemProps extends ITargetDeeds {
  target: ITarget;
  /** The kind's name for people. */
  kind: string;
  isChecking: boolean;
  /** Whether the target waits for an answer. */
  isAsking: boolean;
  trans: TranslationBundle;
}

/** How far the pointer moves before it is a drag, in pixels. */
const DRAG_THRESHOLD = 5;

/**
 * A target in the sidebar.
 */
export function TargetItem(props: ITargetItemProps): JSX.Element {
  const { target, kind, isChecking, trans } = props;
  const { name } = target;
  const state = targetState(target, isChecking);
  const onPointerDown = useDrag(event => props.onDrag(name, event));
  return (
    <li className="jp-compute-TargetItem" data-target={name}>
      <div onPointerDown={onPointerDown}>
        <Top {...props} />
        <div className="jp-compute-TargetItem-facts">
          <TargetStateIcon state={state} trans={trans} />
          <span>{loadLabel(targetLoad(target), trans)}</span>
        </div>
        <div className="jp-compute-TargetItem-facts">
          <span>{kind}</span>
          <Checked target={target} trans={trans} />
        </div>
      </div>
      {props.isAsking && (
        <button
          type="button"
          className="jp-compute-TargetItem-ask"
          onClick={() => props.onAnswer(name)}
        >
          {trans.__('%1 asks you something…', name)}
        </button>
      )}
      <Problems target={target} trans={trans} />
    </li>
  );
}

function Top({
  target,
  isChecking,
  trans,
  onOpen,
  onCheck,
  onMore
}: ITargetItemProps): JSX.Element {
  const { name } = target;
  const Icon = kindIcon(target.kind);
  return (
    <div className="jp-compute-TargetItem-top">
      <Icon.react tag="span" aria-hidden="true" width="16px" />
      <button
        type="button"
        className="jp-compute-TargetItem-name"
        title={target.resource_id || name}
        onClick={() => onOpen(name)}
      >
        {name}
      </button>
      <button
        type="button"
        className="jp-compute-TargetItem-action"
        title={trans.__('Check %1 now', name)}
        aria-label={trans.__('Check %1 now', name)}
        disabled={isChecking}
        onClick={() => onCheck(name)}
      >
        <refreshIcon.react tag="span" width="14px" />
      </button>
      <button
        type="button"
        className="jp-compute-TargetItem-action"
        title={trans.__('More for %1', name)}
        aria-label={trans.__('More for %1', name)}
        aria-haspopup="menu"
        onClick={event => onMore(name, event.currentTarget)}
      >
        <ellipsesIcon.react tag="span" width="14px" />
      </button>
    </div>
  );
}

function Checked({
  target,
  trans
}: Pick<ITargetItemProps, 'target' | 'trans'>): JSX.Element | null {
  if (target.checked === null) {
    return null;
  }
  return (
    <span title={formatMoment(target.checked)}>
      {trans.__('checked %1', formatTime(target.checked))}
    </span>
  );
}

function Problems({
  target,
  trans
}: Pick<ITargetItemProps, 'target' | 'trans'>): JSX.Element | null {
  // What an earlier look found says nothing when the last one found nothing.
  const problems = target.error ? [] : (target.info?.problems ?? []);
  const count = problems.length + (target.error ? 1 : 0);
  if (count === 0) {
    return null;
  }
  return (
    <details className="jp-compute-TargetItem-problems">
      <summary>
        {trans._n('%1 thing to look at', '%1 things to look at', count)}
      </summary>
      <TargetProblems error={target.error} problems={problems} trans={trans} />
    </details>
  );
}

/** Tell a drag from a click. */
function useDrag(
  onDrag: (event: PointerEvent) => void
): (event: ReactPointerEvent) => void {
  const latest = useRef(onDrag);
  latest.current = onDrag;
  return start => {
    if (start.button !== 0) {
      return;
    }
    const stop = () => {
      document.removeEventListener('pointermove', move, true);
      document.removeEventListener('pointerup', stop, true);
    };
    const move = (event: PointerEvent) => {
      const dx = event.clientX - start.clientX;
      const dy = event.clientY - start.clientY;
      if (Math.hypot(dx, dy) >= DRAG_THRESHOLD) {
        stop();
        latest.current(event);
      }
    };
    document.addEventListener('pointermove', move, true);
    document.addEventListener('pointerup', stop, true);
  };
}
