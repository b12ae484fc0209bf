import { useEffect, useState } from 'react';

/**
 * The time in seconds since the epoch, which moves on while something is shown that depends on it.
 */
export function useNow(isTicking: boolean, everyMs = 1000): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (!isTicking) {
      return;
    }
    const tick = () => setNow(Date.now() / 1000);
    tick();
    const timer = window.setInterval(tick, everyMs);
    return () => window.clearInterval(timer);
  }, [isTicking, everyMs]);
  return now;
}
