import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import facts from '../../package.json';
import type { Api } from '../api';
import { asError, ComputeError } from '../request';
import type { IError } from '../types';
import type { Changes } from './changes';
import { Latest } from './latest';
import type { Status } from './status';

/** The version of the front end. */
export const VERSION = facts.version;

const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 30_000;

/**
 * How the server stands: `missing` is a Jupyter server without our part, `unreachable` none that answers.
 */
export type ServerState =
  'unknown' | 'ready' | 'missing' | 'unreachable' | 'refusing';

/**
 * Whether there is a server that this front end can speak with.
 *
 * Nothing announces that a server is back, so while there is none it is asked again, less and less often.
 */
export class Handshake implements IDisposable {
  constructor(
    private readonly _api: Api,
    private readonly _changes: Changes,
    status: Status,
    private readonly _version = VERSION
  ) {
    status.changed.connect(this._look, this);
  }

  get state(): ServerState {
    return this._state;
  }

  /** What the server says against being asked; only when it refuses. */
  get error(): IError | null {
    return this._error;
  }

  /** What to do about versions that differ; empty when they do not. */
  get advice(): string {
    return this._advice;
  }

  /** Whether it is this page that has another version than the server. */
  get isPageOther(): boolean {
    return this._isPageOther;
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
      window.clearTimeout(this._timer);
      Signal.disconnectReceiver(this);
      Signal.clearData(this);
    }
  }

  /** Ask the server who it is. */
  shake(): Promise<void> {
    window.clearTimeout(this._timer);
    return this._shake.run();
  }

  private async _ask(): Promise<void> {
    const before = this._state;
    try {
      const found = await this._api.version(this._version);
      this._advice = found.advice;
      this._isPageOther = found.version !== this._version;
      this._state = 'ready';
      this._error = null;
    } catch (thrown) {
      this._error = asError(thrown);
      this._state = stateOf(thrown);
    }
    this._retry();
    if (this._state === 'ready' && before !== 'ready' && before !== 'unknown') {
      this._changes.catchUp();
    }
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  /** A server that comes back may be another one: it was restarted. */
  private _look(status: Status): void {
    const isLost = status.error?.error === 'NoAnswer';
    if (isLost && this._state === 'ready') {
      void this.shake();
    }
    if (!status.error && this._state === 'unreachable') {
      void this.shake();
    }
  }

  private _retry(): void {
    window.clearTimeout(this._timer);
    if (this._state !== 'unreachable' || this._isDisposed) {
      this._wait = FIRST_RETRY_MS;
      return;
    }
    this._timer = window.setTimeout(() => void this.shake(), this._wait);
    this._wait = Math.min(2 * this._wait, LONGEST_RETRY_MS);
  }

  private _state: ServerState = 'unknown';
  private _error: IError | null = null;
  private _advice = '';
  private _isPageOther = false;
  private _timer = 0;
  private _wait = FIRST_RETRY_MS;
  private _shake = new Latest(() => this._ask());
  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
}

function stateOf(thrown: unknown): ServerState {
  const status = thrown instanceof ComputeError ? thrown.status : 0;
  switch (status) {
    case 0:
    case 502:
    case 503:
    case 504:
      // A proxy in front of a server that is down speaks for it.
      return 'unreachable';
    case 404:
      return 'missing';
    default:
      return 'refusing';
  }
}
