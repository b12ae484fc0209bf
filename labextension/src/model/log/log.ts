import type { StateEffect } from '@codemirror/state';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import { LogDocument } from './document';
import { LARGEST_PART, LogFollower, type ILogSource } from './follower';

/** The log that every run has: what it prints. */
export const MAIN_LOG = 'log';

export interface ILogOptions {
  source: ILogSource;
  /** The run's. */
  id: string;
  /** The line that stands before what a later attempt prints. */
  dividerOf: (attempt: number) => string;
}

/**
 * A run's logs: which one is looked at, how its text comes, and where its reader is in it.
 */
export class LogModel implements IDisposable {
  constructor(private readonly _options: ILogOptions) {
    this._follower = this._open();
  }

  /** Whether the reader wants to see the end as it grows. */
  isFollowing = true;

  /** Where the reader was when the log was last shown. */
  place: StateEffect<unknown> | undefined;

  get name(): string {
    return this._name;
  }

  /** The logs there are. */
  get names(): readonly string[] {
    return this._names;
  }

  get document(): LogDocument {
    return this._document;
  }

  get follower(): LogFollower {
    return this._follower;
  }

  /** Another log is looked at, there are more logs, or it comes in another way. Text is the document's to tell. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._follower.dispose();
      Signal.clearData(this);
    }
  }

  /** Say which logs there are. */
  offer(names: readonly string[]): void {
    if (names.join('\n') !== this._names.join('\n')) {
      this._names = names;
      this._changed.emit();
    }
  }

  /** Look at another log, from its beginning. */
  select(name: string): void {
    if (name !== this._name) {
      this._name = name;
      this._follower.dispose();
      this._document = new LogDocument();
      this.isFollowing = true;
      this.place = undefined;
      this._follower = this._open();
      this._changed.emit();
    }
  }

  /** The log as the run wrote it, byte for byte, of all attempts. */
  async download(): Promise<Blob> {
    const { source, id } = this._options;
    const name = this._name;
    const last = this._follower.position.attempt;
    const parts: BlobPart[] = [];
    for (let attempt = 1; attempt <= last; attempt++) {
      let offset = 0;
      for (;;) {
        const query = { offset, attempt, name, limit: LARGEST_PART };
        const { bytes } = await source.log(id, query);
        if (bytes.length === 0) {
          break;
        }
        parts.push(bytes);
        offset += bytes.length;
      }
    }
    return new Blob(parts, { type: 'text/plain' });
  }

  private _open(): LogFollower {
    const { source, id, dividerOf } = this._options;
    const target = this._document;
    const follower = new LogFollower(source, id, this._name);
    follower.received.connect((_, bytes) => target.write(bytes));
    follower.attemptBegan.connect((_, attempt) =>
      target.divide(dividerOf(attempt))
    );
    follower.stateChanged.connect(() => this._changed.emit());
    return follower;
  }

  private _name = MAIN_LOG;
  private _names: readonly string[] = [MAIN_LOG];
  private _document = new LogDocument();
  private _follower: LogFollower;
  private _isDisposed = false;
  private _changed = new Signal<this, void>(this);
}
