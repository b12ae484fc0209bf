import { useEffect, useState } from 'react';

/**
 * The time in seconds, every second as long as something ticks.
 */
export function useNow(isTicking: boolean): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (!isTicking) {
      return;
    }
    const tick = () => setNow(Date.now() / 1000);
    tick();
    const timer = window.setInterval(tick, 1000);
    return () => window.clearInterval(timer);
  }, [isTicking]);
  return now;
}
