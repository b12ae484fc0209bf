import type { TranslationBundle } from '@jupyterlab/translation';
import type { Api } from '../api';
import { asError, ComputeError } from '../request';
import type { IRunLine } from '../types';
import { ACTIVE_STATES } from './states';

const PAGE = 200;

/**
 * Cancel every run that is not over.
 *
 * @throws {ComputeError} Some could not be canceled: how many, and why the first could not.
 */
export async function cancelAll(
  api: Pick<Api, 'runs' | 'cancel'>,
  trans: TranslationBundle
): Promise<void> {
  const active = await allActive(api);
  const answers = await Promise.allSettled(
    active.map(run => api.cancel(run.id))
  );
  const failures = answers
    .filter(answer => answer.status === 'rejected')
    .map(answer => answer.reason as unknown)
    // One that ended in the meantime needs no cancelling.
    .filter(
      reason => !(reason instanceof ComputeError && reason.status === 409)
    );
  if (failures.length > 0) {
    const { error, message, hint } = asError(failures[0]);
    const text = trans._n(
      '%1 run could not be canceled: %2',
      '%1 runs could not be canceled: %2',
      failures.length,
      message
    );
    throw new ComputeError(0, error, text, hint);
  }
}

async function allActive(api: Pick<Api, 'runs'>): Promise<IRunLine[]> {
  const found: IRunLine[] = [];
  let cursor = '';
  do {
    const page = await api.runs({
      state: [...ACTIVE_STATES],
      limit: PAGE,
      cursor
    });
    found.push(...page.runs);
    cursor = page.cursor;
  } while (cursor);
  return found;
}
