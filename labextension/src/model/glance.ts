import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Status } from './status';

/** Where the number of failures that were seen is kept, for all tabs of a server. */
export interface IMemory {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/**
 * What is going on, in three numbers, and whether anything ever was.
 */
export class Glance implements IDisposable {
  constructor(
    private readonly _status: Status,
    private readonly _key: string,
    private readonly _memory: IMemory = window.localStorage
  ) {
    _status.changed.connect(this._hear, this);
    window.addEventListener('storage', this._share);
  }

  /** Runs that are on a target. */
  get running(): number {
    const { preparing = 0, running = 0, finalizing = 0 } = this._counts;
    return preparing + running + finalizing;
  }

  get queued(): number {
    return this._counts.queued ?? 0;
  }

  /** Runs that failed since the user looked last. */
  get failed(): number {
    return Math.max(0, (this._counts.failed ?? 0) - this._seen);
  }

  /** Whether any run was ever submitted. */
  get isUsed(): boolean {
    return Object.values(this._counts).some(count => count > 0);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      window.removeEventListener('storage', this._share);
      Signal.disconnectReceiver(this);
      Signal.clearData(this);
    }
  }

  /** The user sees the runs now, until `isLooking` is false again. */
  look(isLooking: boolean): void {
    this._isLooking = isLooking;
    if (isLooking) {
      this._hear();
    }
  }

  private get _counts() {
    return this._status.counts ?? {};
  }

  private get _seen(): number {
    return Number(this._memory.getItem(this._key) ?? 0);
  }

  private _hear(): void {
    const { counts } = this._status;
    const failed = counts?.failed ?? 0;
    // A failed run that is deleted was seen, too.
    if (counts && (this._isLooking || failed < this._seen)) {
      this._memory.setItem(this._key, String(failed));
    }
    this._changed.emit();
  }

  private _share = (event: StorageEvent): void => {
    if (event.key === this._key) {
      this._changed.emit();
    }
  };

  private _isLooking = false;
  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
}
