import { isAborted } from '../request';

/**
 * Does one thing at a time: asked again while it is at work, it does it once more afterwards, however often it was asked.
 */
export class Latest {
  constructor(private readonly _act: () => Promise<void>) {}

  /** Do it; resolves when what was asked for by then is done. Never rejects: the act says what went wrong. */
  async run(): Promise<void> {
    if (this._running) {
      this._isWanted = true;
      return this._running;
    }
    this._running = this._loop();
    try {
      await this._running;
    } finally {
      this._running = null;
    }
  }

  private async _loop(): Promise<void> {
    do {
      this._isWanted = false;
      try {
        await this._act();
      } catch (thrown) {
        if (!isAborted(thrown)) {
          throw thrown;
        }
      }
    } while (this._isWanted);
  }

  private _running: Promise<void> | null = null;
  private _isWanted = false;
}
