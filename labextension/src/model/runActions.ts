import { asError } from '../request';
import type { IError, IRunLine } from '../types';
import { isFinal } from './states';

/** A run that something could not be done with, and why. */
export interface IFailure {
  run: Pick<IRunLine, 'id' | 'name'>;
  error: IError;
}

/** Do something with each of some runs; those that refuse stop none of the others. */
export async function forEach<R extends Pick<IRunLine, 'id' | 'name'>>(
  runs: readonly R[],
  act: (id: string) => Promise<unknown>
): Promise<IFailure[]> {
  const ended = await Promise.allSettled(runs.map(run => act(run.id)));
  return ended.flatMap((one, place) =>
    one.status === 'rejected'
      ? [{ run: runs[place], error: asError(one.reason) }]
      : []
  );
}

/** Those that can be asked to end. */
export function cancelable(runs: readonly IRunLine[]): readonly IRunLine[] {
  return runs.filter(
    run => !isFinal(run.state) && run.cancel_requested === null
  );
}

/** Those that can be deleted: what is still at work has to end first. */
export function deletable(runs: readonly IRunLine[]): readonly IRunLine[] {
  return runs.filter(run => isFinal(run.state));
}

/** Those that can be compared. */
export function comparable(runs: readonly IRunLine[]): readonly IRunLine[] {
  return runs.length > 1 ? runs : [];
}
