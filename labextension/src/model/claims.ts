import { BrowserLedger, type ILedger } from './ledger';

const FORGET_MS = 24 * 3600 * 1000;

/** The tab that is looked at goes first. */
const HIDDEN_MS = 1_500;

/**
 * What only one tab of a browser does: whoever claims it first. A tab that is looked at comes before the others.
 */
export class Claims {
  constructor(
    private readonly _ledger: ILedger = new BrowserLedger(),
    private readonly _isHidden = (): boolean => document.hidden
  ) {}

  /** Claim some things; returns those that no other tab has claimed. */
  async claim(names: readonly string[]): Promise<string[]> {
    if (names.length === 0) {
      return [];
    }
    if (this._isHidden()) {
      await wait(HIDDEN_MS);
    }
    try {
      return await this._ledger.enter(names, FORGET_MS);
    } catch {
      // Where the browser keeps nothing, every tab does it: twice is better than never.
      return [...names];
    }
  }
}

function wait(ms: number): Promise<void> {
  return new Promise(resolve => window.setTimeout(resolve, ms));
}
