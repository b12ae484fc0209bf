import type { TranslationBundle } from '@jupyterlab/translation';
import type { ITarget } from '../types';

/** What is known of a target, as one word. */
export type TargetState =
  'unchecked' | 'checking' | 'ready' | 'warned' | 'problems' | 'unreachable';

/**
 * Sum up what the last look at a target said.
 */
export function targetState(target: ITarget, isChecking: boolean): TargetState {
  if (isChecking) {
    return 'checking';
  }
  if (target.error) {
    return target.error.error === 'TargetUnreachableError'
      ? 'unreachable'
      : 'problems';
  }
  if (!target.info) {
    return 'unchecked';
  }
  const { problems } = target.info;
  if (problems.some(problem => problem.fatal)) {
    return 'problems';
  }
  return problems.length > 0 ? 'warned' : 'ready';
}

/**
 * Say a target's state in the reader's language.
 */
export function targetStateLabel(
  state: TargetState,
  trans: TranslationBundle
): string {
  switch (state) {
    case 'unchecked':
      return trans.__('not checked');
    case 'checking':
      return trans.__('checking…');
    case 'ready':
      return trans.__('ready');
    case 'warned':
      return trans.__('ready, with warnings');
    case 'problems':
      return trans.__('has problems');
    case 'unreachable':
      return trans.__('cannot be reached');
  }
}

/** How busy a target is. */
export interface ITargetLoad {
  /** The runs that it works on. */
  active: number;
  waiting: number;
  /** How many it takes at once; `null` when its engine decides, or nobody has looked. */
  slots: number | null;
}

/**
 * Count the runs of a target that are not over.
 */
export function targetLoad({ active, info }: ITarget): ITargetLoad {
  const { queued = 0, preparing = 0, running = 0, finalizing = 0 } = active;
  return {
    active: preparing + running + finalizing,
    waiting: queued,
    slots: info?.slots ?? null
  };
}

/**
 * Say how busy a target is.
 */
export function loadLabel(
  { active, waiting, slots }: ITargetLoad,
  trans: TranslationBundle
): string {
  const parts: string[] = [];
  if (slots !== null) {
    parts.push(trans.__('%1 of %2 in use', active, slots));
  } else if (active > 0 || waiting > 0) {
    parts.push(trans._n('%1 run', '%1 runs', active));
  }
  if (waiting > 0) {
    parts.push(trans.__('%1 waiting', waiting));
  }
  return parts.join(', ');
}

/** The magic that runs a cell on a target. */
export function submitMagic(target: string): string {
  return `%%submit --target ${target}`;
}
