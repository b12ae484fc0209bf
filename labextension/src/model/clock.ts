const TICK_MS = 1000;

/**
 * Seconds as they pass: one timer for all that tick, and none while nobody looks.
 */
export class Clock {
  /** Seconds since the epoch, as of the last tick. */
  get now(): number {
    return this._now;
  }

  /** Be told when a second has passed, until the answer is called. */
  hold = (told: () => void): (() => void) => {
    this._told.add(told);
    if (this._told.size === 1) {
      this._now = Date.now() / 1000;
      this._timer = window.setInterval(this._tick, TICK_MS);
    }
    return () => {
      this._told.delete(told);
      if (this._told.size === 0) {
        window.clearInterval(this._timer);
      }
    };
  };

  private _tick = (): void => {
    if (!document.hidden) {
      this._now = Date.now() / 1000;
      this._told.forEach(told => told());
    }
  };

  private _now = Date.now() / 1000;
  private _timer = 0;
  private _told = new Set<() => void>();
}

/** The page's clock. */
export const clock = new Clock();
