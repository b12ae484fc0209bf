import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import { asError } from '../request';
import type { IChange, IError, IProgress, IRunLine } from '../types';
import type { Changes } from './changes';
import { Latest } from './latest';
import { isFinal } from './states';

/** What is told about a cell's run beside its line. */
export interface ICellDetails {
  /** The code that runs. */
  code: string;
  progress: IProgress | null;
}

/**
 * The last run of each cell of one notebook, whoever submitted it.
 */
export class CellRuns implements IDisposable {
  /**
   * @param _paths - The notebook's path as Jupyter shows it, then those that it had before it was renamed.
   */
  constructor(
    private readonly _api: Api,
    changes: Changes,
    private _paths: readonly string[]
  ) {
    changes.changed.connect(this._hear, this);
    changes.missed.connect(this.refresh, this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The last run of a cell. */
  find(cellId: string): IRunLine | undefined {
    return this._runs.get(cellId);
  }

  details(runId: string): ICellDetails | undefined {
    return this._details.get(runId);
  }

  get cellIds(): Iterable<string> {
    return this._runs.keys();
  }

  /** Why the last look failed. */
  get error(): IError | null {
    return this._error;
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

  /** The notebook has another path; its runs know it by the old one. */
  rename(paths: readonly string[]): void {
    this._paths = paths;
    this._strangers.clear();
    void this.refresh();
  }

  /** Ask for the runs; what goes wrong is in `error`. */
  refresh(): Promise<void> {
    return this._refresh.run();
  }

  /** Ask for a run's code and progress. */
  async load(runId: string): Promise<void> {
    try {
      const { run, progress } = await this._api.run(runId);
      const code = run.command.type === 'cell' ? run.command.code : '';
      this._details.set(runId, { code, progress });
      this._changed.emit();
    } catch {
      // It is a detail: the run's own page says what is wrong.
    }
  }

  /** @throws {ComputeError} It cannot be ended. */
  async cancel(runId: string): Promise<void> {
    await this._api.cancel(runId);
    await this.refresh();
  }

  private async _ask(): Promise<void> {
    try {
      const answers = await Promise.all(
        this._paths.map(path => this._api.cells(path))
      );
      const runs = new Map<string, IRunLine>();
      for (const [cellId, run] of answers.flatMap(({ cells }) =>
        Object.entries(cells)
      )) {
        const other = runs.get(cellId);
        if (!other || run.created > other.created) {
          runs.set(cellId, run);
        }
      }
      this._runs = runs;
      this._error = null;
    } catch (thrown) {
      this._error = asError(thrown);
    }
    this._changed.emit();
  }

  private _hear(_: Changes, change: IChange): void {
    const id = change.run_id;
    if (!id || (change.what !== 'run' && change.what !== 'deleted')) {
      if (id && change.what === 'data' && this._details.has(id)) {
        void this.load(id);
      }
      return;
    }
    if (!this._strangers.has(id)) {
      void this.refresh().then(() => this._learn(id));
    }
  }

  /** A run of elsewhere is asked for once, not at each of its changes. */
  private _learn(id: string): void {
    const ours = [...this._runs.values()].find(run => run.id === id);
    if (!ours && !this._error) {
      this._strangers.add(id);
    } else if (ours && this._details.has(id) && isFinal(ours.state)) {
      void this.load(id);
    }
  }

  private _runs = new Map<string, IRunLine>();
  private _details = new Map<string, ICellDetails>();
  private _strangers = new Set<string>();
  private _error: IError | null = null;
  private _refresh = new Latest(() => this._ask());
  private _isDisposed = false;
  private _changed = new Signal<this, void>(this);
}
