import { useSyncExternalStore } from 'react';
import { clock } from '../model/clock';

/**
 * The time in seconds; it goes on only while `isTicking`.
 */
export function useNow(isTicking: boolean): number {
  return useSyncExternalStore(isTicking ? clock.hold : never, () => clock.now);
}

function never(): () => void {
  return () => undefined;
}
