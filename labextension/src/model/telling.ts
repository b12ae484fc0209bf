import type { TranslationBundle } from '@jupyterlab/translation';
import type { RunState } from '../types';
import type { IEnding } from './endings';
import type { Notify } from './settings';
import { FINAL_STATES } from './states';

const SUCCESS_MS = 5_000;

/** JupyterLab cuts a message after 140 characters; the reason is what may be long. */
const LONGEST_REASON = 70;

/** What a notification says, and for how long: `false` is until it is closed. */
export interface ITold {
  message: string;
  type: 'success' | 'error' | 'info';
  autoClose: number | false;
}

/** Whether the user wants to hear of an end. */
export function isWanted(ending: IEnding, notify: Notify): boolean {
  return notify === 'all' || (notify === 'failures' && hasFailed(ending));
}

/**
 * Say that runs ended: one by its name, several by their number.
 */
export function tell(
  endings: readonly IEnding[],
  trans: TranslationBundle
): ITold {
  const isBad = endings.some(hasFailed);
  const isGood = endings.every(ending => ending.state === 'completed');
  return {
    message:
      endings.length === 1 ? one(endings[0], trans) : many(endings, trans),
    type: isBad ? 'error' : isGood ? 'success' : 'info',
    autoClose: isBad ? false : SUCCESS_MS
  };
}

function hasFailed(ending: IEnding): boolean {
  return ending.state === 'failed';
}

function one(ending: IEnding, trans: TranslationBundle): string {
  const name = ending.name || ending.id;
  const said = end(ending.state, name, ending.target, trans);
  if (!ending.reason || ending.state === 'completed') {
    return said;
  }
  const { reason } = ending;
  const isLong = reason.length > LONGEST_REASON;
  return trans.__(
    '%1: %2',
    said,
    isLong ? `${reason.slice(0, LONGEST_REASON)}…` : reason
  );
}

function end(
  state: RunState,
  name: string,
  target: string,
  trans: TranslationBundle
): string {
  switch (state) {
    case 'completed':
      return trans.__('%1 completed on %2', name, target);
    case 'failed':
      return trans.__('%1 failed on %2', name, target);
    default:
      return trans.__('%1 was canceled on %2', name, target);
  }
}

function many(endings: readonly IEnding[], trans: TranslationBundle): string {
  const parts = FINAL_STATES.map(state => {
    const count = endings.filter(ending => ending.state === state).length;
    return count > 0 ? counted(state, count, trans) : '';
  });
  return trans.__(
    '%1 runs ended: %2',
    endings.length,
    parts.filter(Boolean).join(', ')
  );
}

function counted(
  state: RunState,
  count: number,
  trans: TranslationBundle
): string {
  switch (state) {
    case 'completed':
      return trans._n('%1 completed', '%1 completed', count);
    case 'failed':
      return trans._n('%1 failed', '%1 failed', count);
    default:
      return trans._n('%1 canceled', '%1 canceled', count);
  }
}
