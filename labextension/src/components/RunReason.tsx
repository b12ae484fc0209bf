import { isSilent, reasonAt } from '../model/states';
import type { IRun, IRunLine } from '../types';
import { useNow } from './useNow';

/**
 * Why a run waits.
 */
export function RunReason({ run }: { run: IRun | IRunLine }): JSX.Element {
  return <>{reasonAt(run, useNow(isSilent(run)))}</>;
}
