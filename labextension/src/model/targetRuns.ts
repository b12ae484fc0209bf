import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import { asError } from '../request';
import type { IChange, IError, IRunLine } from '../types';
import type { Changes } from './changes';
import { Latest } from './latest';

/** As many as fit on a target's page. */
const NEWEST = 8;

/**
 * The newest runs on a target.
 */
export class TargetRuns implements IDisposable {
  constructor(
    private readonly _api: Pick<Api, 'runs'>,
    changes: Changes,
    readonly target: string
  ) {
    changes.changed.connect(this._hear, this);
    changes.missed.connect(this.refresh, this);
    void this.refresh();
  }

  /** `null` before the first answer. */
  get runs(): readonly IRunLine[] | null {
    return this._runs;
  }

  /** How many there are in all. */
  get total(): number {
    return this._total;
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
      const { runs, total } = await this._api.runs({
        target: this.target,
        sort: '-created',
        limit: NEWEST
      });
      this._runs = runs;
      this._total = total;
      this._error = null;
    } catch (thrown) {
      this._error = asError(thrown);
    }
    this._changed.emit();
  }

  private _hear(_: Changes, change: IChange): void {
    const isHere = change.what === 'run' && change.target === this.target;
    if (isHere || change.what === 'deleted') {
      void this.refresh();
    }
  }

  private _runs: readonly IRunLine[] | null = null;
  private _total = 0;
  private _error: IError | null = null;
  private _refresh = new Latest(() => this._ask());
  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
}
