import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import { asError, isAborted } from '../request';
import type {
  IError,
  IExcluded,
  IExplanation,
  IIgnored,
  IPreview,
  ISizeEntry
} from '../types';

/** What the server calls the rule that leaves out files which look like secrets. */
const SECRET = 'looks like a secret';

/**
 * What a folder's snapshot would hold, and what can be done about it.
 */
export class Preview implements IDisposable {
  constructor(
    private readonly _api: Api,
    private _source: string
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get source(): string {
    return this._source;
  }

  /** `null` before the first answer. */
  get found(): IPreview | null {
    return this._found;
  }

  /** Sizes of all folders and files; `null` until they are asked for. */
  get tree(): readonly ISizeEntry[] | null {
    return this._tree;
  }

  get isLoading(): boolean {
    return this._asking !== null;
  }

  /** Why the folder cannot be looked at. */
  get error(): IError | null {
    return this._error;
  }

  /** The last answer to why something is in or out. */
  get explanation(): IExplanation | null {
    return this._explanation;
  }

  /** The last line that was added to the folder's rules. */
  get ignored(): IIgnored | null {
    return this._ignored;
  }

  /** Why the last question or change was refused. */
  get refusal(): IError | null {
    return this._refusal;
  }

  get isTooLarge(): boolean {
    return !!this._found && this._found.bytes > this._found.limit_bytes;
  }

  /** What is left out because it looks like a secret. */
  get secrets(): readonly IExcluded[] {
    return this._found?.excluded.filter(one => one.source === SECRET) ?? [];
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._asking?.abort();
      Signal.clearData(this);
    }
  }

  /** Forget this folder for another one, which is looked at by `refresh`. */
  setSource(source: string): void {
    if (source !== this._source) {
      this._source = source;
      this._found = this._tree = this._explanation = this._ignored = null;
      this._refusal = null;
    }
  }

  /** Look at the folder as it is now; what goes wrong is in `error`. */
  async refresh(): Promise<void> {
    this._asking?.abort();
    const asking = (this._asking = new AbortController());
    this._changed.emit();
    try {
      const [found, tree] = await Promise.all([
        this._api.preview(this._source, asking.signal),
        this._tree && this._api.sizeTree(this._source, asking.signal)
      ]);
      if (this._asking === asking) {
        this._found = found;
        this._tree = tree?.tree ?? null;
        this._error = null;
      }
    } catch (thrown) {
      if (this._asking === asking && !isAborted(thrown)) {
        this._error = asError(thrown);
      }
    }
    if (this._asking === asking) {
      this._asking = null;
      this._changed.emit();
    }
  }

  /** Ask for the sizes of all folders and files. */
  loadTree(): Promise<void> {
    return this._act(async () => {
      const source = this._source;
      const { tree } = await this._api.sizeTree(source);
      this._tree = source === this._source ? tree : this._tree;
    });
  }

  /** Ask why something is in or out. */
  explain(path: string): Promise<void> {
    return this._act(async () => {
      this._explanation = null;
      this._explanation = await this._api.explain(this._source, path);
    });
  }

  /** Leave something out from now on, and look again. */
  ignore(path: string): Promise<void> {
    return this._act(async () => {
      this._explanation = null;
      this._ignored = await this._api.ignore(this._source, path);
      await this.refresh();
    });
  }

  private async _act(act: () => Promise<void>): Promise<void> {
    this._refusal = null;
    try {
      await act();
    } catch (thrown) {
      this._refusal = asError(thrown);
    }
    this._changed.emit();
  }

  private _found: IPreview | null = null;
  private _tree: ISizeEntry[] | null = null;
  private _error: IError | null = null;
  private _refusal: IError | null = null;
  private _explanation: IExplanation | null = null;
  private _ignored: IIgnored | null = null;
  private _asking: AbortController | null = null;
  private _isDisposed = false;
  private _changed = new Signal<this, void>(this);
}
