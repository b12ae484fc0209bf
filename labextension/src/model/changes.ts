import type { Event } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { IChange } from '../types';

const SCHEMA = 'https://events.jupyter.org/jupyter_compute/change/v1';

/** The bus drops what it could not deliver, without a word: so everything is read again now and then. */
const REFRESH_MS = 60_000;

/** Where changes come from: Jupyter's event bus, or a test. */
export interface IChangeSource {
  readonly stream: Event.Stream;
}

/**
 * What changes in the workspace, whoever changes it, as long as the page is looked at.
 */
export class Changes implements IDisposable {
  constructor(source: IChangeSource) {
    source.stream.connect(this._hear, this);
    document.addEventListener('visibilitychange', this._look);
    this._timer = window.setInterval(this._look, REFRESH_MS);
  }

  /** A message from the server. `many` comes as `missed`. */
  get changed(): ISignal<this, IChange> {
    return this._changed;
  }

  /** Messages may have been missed: what is shown must be asked for again. */
  get missed(): ISignal<this, void> {
    return this._missed;
  }

  /** Say that messages may have been missed. */
  catchUp(): void {
    this._missed.emit();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    window.clearInterval(this._timer);
    document.removeEventListener('visibilitychange', this._look);
    Signal.clearData(this);
  }

  private _hear(_: unknown, emission: Event.Emission): void {
    if (emission.schema_id !== SCHEMA) {
      return;
    }
    const change = emission as unknown as IChange;
    const isNext = change.seq === this._seq + 1 || this._seq === 0;
    this._seq = change.seq;
    if (!isNext || change.what === 'many') {
      this._missed.emit();
    }
    if (change.what !== 'many') {
      this._changed.emit(change);
    }
  }

  private _look = (): void => {
    if (!document.hidden) {
      this._missed.emit();
    }
  };

  private _seq = 0;
  private _timer: number;
  private _isDisposed = false;
  private _changed = new Signal<this, IChange>(this);
  private _missed = new Signal<this, void>(this);
}
