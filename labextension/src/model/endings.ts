import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import { isAborted } from '../request';
import type { IChange, RunState } from '../types';
import type { Changes } from './changes';
import { Latest } from './latest';
import { isFinal } from './states';
import type { Status } from './status';

/** How long more ends are waited for, so that many come as one. */
const GATHER_MS = 800;

/** Ends that nobody told are asked for one by one, up to so many. */
const MOST_ASKED = 50;

/** A run that ended while this page was open. */
export interface IEnding {
  id: string;
  name: string;
  target: string;
  state: RunState;
  reason: string;
  attempt: number;
}

/**
 * The ends of the runs that were active while this page was open, a few at a time.
 */
export class Endings implements IDisposable {
  constructor(
    private readonly _api: Api,
    changes: Changes,
    private readonly _status: Status
  ) {
    changes.changed.connect(this._hear, this);
    _status.changed.connect(this._look, this);
  }

  /** Runs that ended shortly one after another. */
  get ended(): ISignal<this, readonly IEnding[]> {
    return this._ended;
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

  private _hear(_: Changes, change: IChange): void {
    const { run_id: id, state } = change;
    if (change.what === 'deleted' && id) {
      this._active.delete(id);
    }
    if (change.what !== 'run' || !id || !state) {
      return;
    }
    const { name = '', target = '', reason = '', attempt = 1 } = change;
    if (!isFinal(state)) {
      this._add(id, attempt);
    } else if (this._active.delete(id)) {
      this._gather({ id, name, target, state, reason, attempt });
    }
  }

  /** The bus does not tell everything: who is not active any more has ended. */
  private _look(): void {
    if (this._status.error || !this._status.isWhole) {
      return;
    }
    const active = new Set(this._status.active.map(run => run.id));
    const gone = [...this._active].filter(id => !active.has(id));
    this._status.active.forEach(run => this._add(run.id, run.attempt));
    if (gone.length > 0) {
      gone.forEach(id => this._silent.add(id));
      void this._ask.run();
    }
  }

  private async _askSilent(): Promise<void> {
    const asked = [...this._silent].slice(0, MOST_ASKED);
    this._silent.clear();
    for (const id of asked) {
      try {
        const { run } = await this._api.run(id);
        if (isFinal(run.state) && this._active.delete(id)) {
          this._gather(run);
        }
      } catch (thrown) {
        if (isAborted(thrown)) {
          return;
        }
        // It was deleted, or will be looked for again.
        this._active.delete(id);
      }
    }
  }

  /** What was asked for before an end may be answered after it. */
  private _add(id: string, attempt: number): void {
    if (attempt > (this._over.get(id) ?? 0)) {
      this._active.add(id);
    }
  }

  private _gather(ending: IEnding): void {
    const { id, name, target, state, reason, attempt } = ending;
    this._over.set(id, attempt);
    this._gathered.push({ id, name, target, state, reason, attempt });
    this._timer ||= window.setTimeout(() => {
      this._timer = 0;
      this._ended.emit(this._gathered.splice(0));
    }, GATHER_MS);
  }

  private _active = new Set<string>();
  /** The attempts that ended. */
  private _over = new Map<string, number>();
  private _silent = new Set<string>();
  private _ask = new Latest(() => this._askSilent());
  private _gathered: IEnding[] = [];
  private _timer = 0;
  private _ended = new Signal<this, readonly IEnding[]>(this);
  private _isDisposed = false;
}
