/** Where tabs see what the others have claimed. */
export interface IBoard {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** Lets one tab at a time in; as `navigator.locks` does. */
export type Exclusively = <T>(name: string, act: () => T) => Promise<T>;

const KEY = 'jupyter_compute:told';
const FORGET_MS = 24 * 3600 * 1000;

/** The tab that is looked at goes first. */
const HIDDEN_MS = 1_500;
const UNEVEN_MS = 500;

/**
 * What only one tab of a browser does: whoever claims it first. A tab that is looked at comes before the others.
 */
export class Claims {
  constructor(
    private readonly _board: IBoard = window.localStorage,
    private readonly _exclusively: Exclusively = exclusively,
    private readonly _isHidden = (): boolean => document.hidden
  ) {}

  /** Claim some things; returns those that no other tab has claimed. */
  async claim(names: readonly string[]): Promise<string[]> {
    if (this._isHidden()) {
      // An uneven wait keeps hidden tabs apart where the browser has no locks.
      await wait(HIDDEN_MS + Math.random() * UNEVEN_MS);
    }
    return this._exclusively(KEY, () => this._take(names));
  }

  private _take(names: readonly string[]): string[] {
    const now = Date.now();
    const all = Object.entries(this._read());
    const taken = new Map(all.filter(([, when]) => now - when < FORGET_MS));
    const free = names.filter(name => !taken.has(name));
    free.forEach(name => taken.set(name, now));
    try {
      this._board.setItem(KEY, JSON.stringify(Object.fromEntries(taken)));
    } catch {
      // A full board only means that another tab may do it, too.
    }
    return free;
  }

  private _read(): Record<string, number> {
    try {
      const found: unknown = JSON.parse(this._board.getItem(KEY) ?? '{}');
      return typeof found === 'object' && found !== null
        ? (found as Record<string, number>)
        : {};
    } catch {
      return {};
    }
  }
}

/** Browsers have locks only where the connection is safe. */
async function exclusively<T>(name: string, act: () => T): Promise<T> {
  const locks = (navigator as { locks?: LockManager }).locks;
  return locks ? locks.request(name, async () => act()) : act();
}

function wait(ms: number): Promise<void> {
  return new Promise(resolve => window.setTimeout(resolve, ms));
}
