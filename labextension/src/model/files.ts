import type { Api, FileSet } from '../api';
import { asError, isAborted } from '../request';
import type { IError, IOutputFile, IPeek, ISizeEntry } from '../types';
import { Following } from './following';
import type { RunModel } from './run';

/**
 * The files that a run left, or those that it works on, and the one that is looked into.
 */
export class RunFiles extends Following {
  constructor(
    private readonly _api: Api,
    run: RunModel,
    readonly of: FileSet
  ) {
    super(run);
  }

  /** Folders (with a slash at the end) and files with their sizes; the first one is the whole. */
  get entries(): readonly ISizeEntry[] {
    return this._entries;
  }

  /** How many files there are. */
  get count(): number {
    return this._entries[0]?.files ?? 0;
  }

  /** The files that have not arrived on the server, or not whole. */
  get missing(): ReadonlySet<string> {
    return this._missing;
  }

  get selected(): string | null {
    return this._selected;
  }

  /** The beginning of the selected file. */
  get peek(): IPeek | null {
    return this._peek;
  }

  get peekError(): IError | null {
    return this._peekError;
  }

  /** What one wants to see first: the executed notebook, what is run, or the only file there is. */
  get main(): string | null {
    const command = this.run.run?.command;
    const files = this._entries.filter(
      ({ path }) => path !== '' && !path.endsWith('/')
    );
    const path =
      command?.type === 'notebook' || command?.type === 'script'
        ? command.path
        : command?.type === 'cell'
          ? command.notebook
          : undefined;
    const name = path?.slice(path.lastIndexOf('/') + 1);
    const wanted = this.of === 'outputs' ? `outputs/${name}` : path;
    const only = files.length === 1 ? files[0].path : null;
    return files.find(file => file.path === wanted)?.path ?? only;
  }

  /** Where the files are on the server's machine; empty if they stand in no folder of their own. */
  get folder(): string {
    const run = this.run.run;
    return run && this._workspace
      ? [this._workspace, 'runs', run.id, run.attempt, 'outputs'].join('/')
      : '';
  }

  /** Whether a file can be opened now. */
  isHere(path: string): boolean {
    return !this._missing.has(path);
  }

  address(path: string, download = false): string {
    return this._api.fileAddress(this.run.id, this.of, path, download);
  }

  get zipAddress(): string {
    return this._api.zipAddress(this.run.id, this.of);
  }

  /** Look into a file. */
  async select(path: string): Promise<void> {
    this._selected = path;
    this._peek = null;
    this._peekError = null;
    this.emitChanged();
    await this._look();
  }

  protected async ask(): Promise<void> {
    const before = this._stamp(this._selected);
    if (this.of === 'outputs') {
      this._workspace ||= (await this._api.status()).workspace;
      this._put((await this._api.outputs(this.run.id)).outputs);
    } else if (!this.isLoaded) {
      // A snapshot does not change.
      this._entries = (await this._api.captured(this.run.id)).tree;
    }
    const first = this.main;
    if (this._selected === null && first) {
      await this.select(first);
    } else if (this._selected && this._stamp(this._selected) !== before) {
      await this._look();
    }
  }

  private _put(outputs: readonly IOutputFile[]): void {
    this._entries = addUp(outputs);
    this._missing = new Set(
      outputs.filter(file => !file.is_here).map(file => file.path)
    );
  }

  private _stamp(path: string | null): string {
    const entry = this._entries.find(one => one.path === path);
    return `${entry?.bytes}-${path !== null && this.isHere(path)}`;
  }

  private async _look(): Promise<void> {
    const path = this._selected;
    if (path === null || path.endsWith('/')) {
      return;
    }
    try {
      const peek = await this._api.peek(this.run.id, this.of, path);
      this._keep(path, peek, null);
    } catch (thrown) {
      if (!isAborted(thrown)) {
        this._keep(path, null, asError(thrown));
      }
    }
  }

  private _keep(path: string, peek: IPeek | null, error: IError | null): void {
    if (this._selected === path) {
      this._peek = peek;
      this._peekError = error;
      this.emitChanged();
    }
  }

  private _workspace = '';
  private _entries: readonly ISizeEntry[] = [];
  private _missing: ReadonlySet<string> = new Set();
  private _selected: string | null = null;
  private _peek: IPeek | null = null;
  private _peekError: IError | null = null;
}

/** Add up the sizes of folders, as the server does for snapshots. */
export function addUp(files: readonly IOutputFile[]): ISizeEntry[] {
  const sizes = new Map<string, ISizeEntry>();
  sizes.set('', { path: '', files: 0, bytes: 0 });
  for (const { path, size } of files) {
    sizes.set(path, { path, files: 1, bytes: size });
    for (let end = path.length; end > 0;) {
      end = path.lastIndexOf('/', end - 1);
      const folder = path.slice(0, end + 1);
      const total = sizes.get(folder) ?? { path: folder, files: 0, bytes: 0 };
      total.files += 1;
      total.bytes += size;
      sizes.set(folder, total);
      end = Math.max(0, end);
    }
  }
  return [...sizes.values()];
}
