import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import { ComputeError } from '../request';
import type { IChange, IPrompt, IPromptAnswer } from '../types';
import type { Changes } from './changes';
import { Latest } from './latest';

/**
 * The questions that targets ask and nobody has answered.
 */
export class Prompts implements IDisposable {
  constructor(
    private readonly _api: Pick<Api, 'prompts' | 'answerPrompt'>,
    changes: Changes
  ) {
    changes.changed.connect(this._hear, this);
    changes.missed.connect(this.refresh, this);
  }

  /** The oldest first. */
  get open(): readonly IPrompt[] {
    return this._open;
  }

  /** The names of the targets that ask. */
  get asking(): ReadonlySet<string> {
    return new Set(this._open.map(prompt => prompt.target));
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

  /**
   * Answer a question.
   *
   * @returns Whether it was still open: someone else may have been faster.
   * @throws {ComputeError} The answer was not taken.
   */
  async answer(id: string, answer: IPromptAnswer): Promise<boolean> {
    try {
      await this._api.answerPrompt(id, answer);
    } catch (thrown) {
      if (!(thrown instanceof ComputeError && thrown.status === 404)) {
        throw thrown;
      }
      this._set(this._open.filter(prompt => prompt.id !== id));
      return false;
    }
    this._set(this._open.filter(prompt => prompt.id !== id));
    return true;
  }

  private async _ask(): Promise<void> {
    try {
      this._set(await this._api.prompts());
    } catch (thrown) {
      // What cannot be asked now is asked again with the next change; whoever waits for a target is told there.
      if (!(thrown instanceof ComputeError)) {
        throw thrown;
      }
    }
  }

  private _set(open: IPrompt[]): void {
    const before = this._open.map(prompt => prompt.id).join();
    this._open = [...open].sort((a, b) => a.created - b.created);
    if (before !== this._open.map(prompt => prompt.id).join()) {
      this._changed.emit();
    }
  }

  private _hear(_: Changes, change: IChange): void {
    if (change.what === 'prompts') {
      void this.refresh();
    }
  }

  private _open: IPrompt[] = [];
  private _refresh = new Latest(() => this._ask());
  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
}
