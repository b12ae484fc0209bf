import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import { asError } from '../request';
import type { IError } from '../types';
import { Latest } from './latest';
import type { RunModel } from './run';

/** After asking, rest this many times as long as it took: long answers are rarer then. */
const REST = 4;

/**
 * Something that a run has said or left: asked for again when the run has changed, as long as somebody looks.
 */
export abstract class Following implements IDisposable {
  constructor(readonly run: RunModel) {
    run.changed.connect(this._hear, this);
  }

  /** Whether the first answer has come. */
  get isLoaded(): boolean {
    return this._asked !== null;
  }

  /** Why the last question had no answer. */
  get error(): IError | null {
    return this._error;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Whether somebody looks. */
  get isActive(): boolean {
    return this._isActive;
  }

  set isActive(value: boolean) {
    this._isActive = value;
    this._hear();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      window.clearTimeout(this._timer);
      Signal.disconnectReceiver(this);
      Signal.clearData(this);
    }
  }

  /** Ask now; what goes wrong is in `error`. */
  refresh(): Promise<void> {
    return this._refresh.run();
  }

  /** Ask the server and keep what it says. */
  protected abstract ask(): Promise<void>;

  protected emitChanged(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  /** Ask again soon, although the run itself has not changed. */
  protected expire(): void {
    this._asked = this._asked === null ? null : STALE;
    this._hear();
  }

  private async _ask(): Promise<void> {
    if (this._isDisposed) {
      return;
    }
    const begin = performance.now();
    const revision = this.run.run?.revision ?? STALE;
    try {
      await this.ask();
      this._asked = revision;
      this._error = null;
    } catch (thrown) {
      this._error = asError(thrown);
    }
    const end = performance.now();
    this._next = end + REST * (end - begin);
    this.emitChanged();
  }

  private _hear(): void {
    const revision = this.run.run?.revision;
    const isStale = revision !== undefined && revision !== this._asked;
    if (!this._isActive || this._isDisposed || this.run.isDeleted || !isStale) {
      return;
    }
    window.clearTimeout(this._timer);
    const rest = this._next - performance.now();
    if (rest > 0) {
      this._timer = window.setTimeout(() => void this.refresh(), rest);
    } else {
      void this.refresh();
    }
  }

  private _isActive = false;
  private _isDisposed = false;
  private _error: IError | null = null;
  /** The run's revision when it was asked for last. */
  private _asked: number | null = null;
  private _next = 0;
  private _timer = 0;
  private _refresh = new Latest(() => this._ask());
  private _changed = new Signal<this, void>(this);
}

const STALE = -1;
