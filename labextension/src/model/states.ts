import type { TranslationBundle } from '@jupyterlab/translation';
import type { IRun, IRunLine, RunState } from '../types';

export const ACTIVE_STATES: readonly RunState[] = [
  'queued',
  'preparing',
  'running',
  'finalizing'
];

export const FINAL_STATES: readonly RunState[] = [
  'completed',
  'failed',
  'canceled'
];

export function isFinal(state: RunState): boolean {
  return FINAL_STATES.includes(state);
}

/**
 * Whether the target of a run does not answer. Only the controller's own words say so: `last_seen` is as old for a
 * run that goes on without news.
 */
export function isSilent({ state, reason }: IRun | IRunLine): boolean {
  return !isFinal(state) && reason.startsWith('no answer since');
}

const RETRYING = /retrying in (\d+) s/;

/**
 * Why a run waits; what that says of a silent target is counted down.
 */
export function reasonAt(run: IRun | IRunLine, now: number): string {
  if (!isSilent(run) || run.retry_at === null) {
    return run.reason;
  }
  const left = Math.ceil(run.retry_at - now);
  return run.reason.replace(RETRYING, (_, seconds) =>
    // The server's clock may be another than this one.
    left > 0
      ? `retrying in ${Math.min(left, Number(seconds))} s`
      : 'retrying now'
  );
}

/**
 * Say a state in the reader's language.
 */
export function stateLabel(state: RunState, trans: TranslationBundle): string {
  switch (state) {
    case 'queued':
      return trans.__('queued');
    case 'preparing':
      return trans.__('preparing');
    case 'running':
      return trans.__('running');
    case 'finalizing':
      return trans.__('finalizing');
    case 'completed':
      return trans.__('completed');
    case 'failed':
      return trans.__('failed');
    case 'canceled':
      return trans.__('canceled');
  }
}
