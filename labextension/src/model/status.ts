import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import { asError } from '../request';
import type { IChange, IError, IRunLine, RunState } from '../types';
import type { Changes } from './changes';
import { Latest } from './latest';
import { ACTIVE_STATES } from './states';

const MOST_ACTIVE = 200;

/**
 * The workspace at a glance: counts by state, and the runs that are not over.
 */
export class Status implements IDisposable {
  constructor(
    private readonly _api: Api,
    changes: Changes
  ) {
    changes.changed.connect(this._hear, this);
    changes.missed.connect(this.refresh, this);
  }

  /** `null` before the first answer. */
  get counts(): Readonly<Partial<Record<RunState, number>>> | null {
    return this._counts;
  }

  /** The runs that are not over, the newest first; at most the newest 200. */
  get active(): readonly IRunLine[] {
    return this._active;
  }

  /** Whether `active` has all runs that are not over. */
  get isWhole(): boolean {
    return this._isWhole;
  }

  get error(): IError | null {
    return this._error;
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
      Signal.disconnectReceiver(this);
      Signal.clearData(this);
    }
  }

  refresh(): Promise<void> {
    return this._refresh.run();
  }

  private async _ask(): Promise<void> {
    try {
      const [status, active] = await Promise.all([
        this._api.status(),
        this._api.runs({ state: [...ACTIVE_STATES], limit: MOST_ACTIVE })
      ]);
      this._counts = status.counts;
      this._active = active.runs;
      this._isWhole = active.runs.length >= active.total;
      this._error = null;
    } catch (thrown) {
      this._error = asError(thrown);
    }
    this._changed.emit();
  }

  private _hear(_: Changes, change: IChange): void {
    if (change.what === 'run' || change.what === 'deleted') {
      void this.refresh();
    }
  }

  private _counts: Partial<Record<RunState, number>> | null = null;
  private _active: IRunLine[] = [];
  private _isWhole = true;
  private _error: IError | null = null;
  private _refresh = new Latest(() => this._ask());
  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
}
