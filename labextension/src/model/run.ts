import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import { ComputeError, asError } from '../request';
import type { IChange, IError, IRun, IRunDetails } from '../types';
import type { Changes } from './changes';
import { Latest } from './latest';
import { isFinal } from './states';

/**
 * One run as it stands: asked for again whenever the server says that it changed.
 */
export class RunModel implements IDisposable {
  constructor(
    private readonly _api: Api,
    changes: Changes,
    readonly id: string
  ) {
    changes.changed.connect(this._hear, this);
    changes.missed.connect(this.refresh, this);
    void this.refresh();
  }

  /** What was known last; `null` before the first answer. */
  get details(): IRunDetails | null {
    return this._details;
  }

  get run(): IRun | null {
    return this._details?.run ?? null;
  }

  /** Whether the run is known to go on. */
  get isLive(): boolean {
    return !this._isDeleted && !!this.run && !isFinal(this.run.state);
  }

  get isDeleted(): boolean {
    return this._isDeleted;
  }

  /** Why the last question had no answer. */
  get error(): IError | null {
    return this._error;
  }

  /** The state, the details or the error are new; while it runs also when it logged something. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      Signal.disconnectReceiver(this);
      Signal.clearData(this);
    }
  }

  /** Ask again; what goes wrong is in `error`. */
  refresh(): Promise<void> {
    return this._refresh.run();
  }

  private async _ask(): Promise<void> {
    if (this._isDisposed || this._isDeleted) {
      return;
    }
    try {
      this._details = await this._api.run(this.id);
      this._error = null;
    } catch (thrown) {
      this._isDeleted = thrown instanceof ComputeError && thrown.status === 404;
      this._error = this._isDeleted ? null : asError(thrown);
    }
    this._changed.emit();
  }

  private _hear(_: Changes, change: IChange): void {
    if (change.run_id !== this.id) {
      return;
    }
    if (change.what === 'deleted') {
      this._isDeleted = true;
      this._error = null;
      this._changed.emit();
    } else {
      void this.refresh();
    }
  }

  private _details: IRunDetails | null = null;
  private _error: IError | null = null;
  private _isDeleted = false;
  private _refresh = new Latest(() => this._ask());
  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
}
