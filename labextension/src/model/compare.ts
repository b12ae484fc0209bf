import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import { asError, ComputeError } from '../request';
import type { IChange, IDifference, IError, IRunDetails } from '../types';
import type { Changes } from './changes';
import { Latest } from './latest';
import type { IRunSeries } from './metrics';

type Server = Pick<Api, 'run' | 'metrics' | 'diff'>;

/** A run that logs is looked at again so often at most. */
const DATA_MS = 1500;

/** A run beside others, as far as it is known. */
export interface ICompared {
  details: IRunDetails;
  series: IRunSeries[];
}

/**
 * Two or more runs side by side, as they stand now.
 */
export class Comparison implements IDisposable {
  constructor(
    private readonly _api: Server,
    changes: Changes,
    readonly ids: readonly string[]
  ) {
    this._pair = [ids[0], ids[1]];
    this._outdated = new Set(ids);
    changes.changed.connect(this._hear, this);
    changes.missed.connect(this._outdateAll, this);
  }

  /** Those that could be read, in the order in which they were named. */
  get runs(): readonly ICompared[] {
    return this.ids.flatMap(id => this._runs.get(id) ?? []);
  }

  /** The metrics of all of them; another array only when something was read again. */
  get series(): readonly IRunSeries[] {
    return this._series;
  }

  /** Those that are no longer there. */
  get deleted(): readonly string[] {
    return this.ids.filter(id => this._deleted.has(id));
  }

  /** Whether every run was asked for. */
  get isLoaded(): boolean {
    return this.ids.every(id => this._runs.has(id) || this._deleted.has(id));
  }

  get error(): IError | null {
    return this._error;
  }

  /** The two runs whose files are compared. */
  get pair(): readonly [string, string] {
    return this._pair;
  }

  /** How the files of the two differ; `null` before that is known. */
  get difference(): IDifference | null {
    return this._difference;
  }

  /** Why their files could not be compared. */
  get differenceError(): IError | null {
    return this._differenceError;
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

  /** Say whether anybody looks; otherwise nothing is asked for. */
  show(isShown: boolean): void {
    this._isShown = isShown;
    if (isShown && this._outdated.size > 0) {
      void this.refresh();
    }
    if (isShown && !this._difference && !this._differenceError) {
      void this._compare.run();
    }
  }

  /** Compare the files of two others of the runs. */
  setPair(first: string, second: string): void {
    this._pair = [first, second];
    this._difference = null;
    this._differenceError = null;
    this._changed.emit();
    void this._compare.run();
  }

  /** Ask again for what changed; what goes wrong is in `error`. */
  refresh(): Promise<void> {
    window.clearTimeout(this._timer);
    this._timer = 0;
    return this._refresh.run();
  }

  private async _ask(): Promise<void> {
    const asked = [...this._outdated];
    this._outdated.clear();
    this._error = null;
    await Promise.all(asked.map(id => this._askFor(id)));
    this._series = this.runs.flatMap(one => one.series);
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private async _askFor(id: string): Promise<void> {
    try {
      const [details, { metrics }] = await Promise.all([
        this._api.run(id),
        this._api.metrics(id)
      ]);
      const { name, started } = details.run;
      const series = Object.entries(metrics).map(([metric, values]) => ({
        runId: id,
        runName: this._label(id, name),
        name: metric,
        series: values,
        started
      }));
      this._runs.set(id, { details, series });
    } catch (thrown) {
      if (thrown instanceof ComputeError && thrown.status === 404) {
        this._deleted.add(id);
        this._runs.delete(id);
      } else {
        this._error = asError(thrown);
        this._outdated.add(id);
      }
    }
  }

  /** Runs often share their name. */
  private _label(id: string, name: string): string {
    return `${name} (${id})`;
  }

  private async _askForDifference(): Promise<void> {
    const [first, second] = this._pair;
    try {
      const difference = await this._api.diff(first, second);
      if (this._isPair(first, second)) {
        this._difference = difference;
      }
    } catch (thrown) {
      if (this._isPair(first, second)) {
        this._differenceError = asError(thrown);
      }
    }
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private _isPair(first: string, second: string): boolean {
    return this._pair[0] === first && this._pair[1] === second;
  }

  private _hear(_: Changes, change: IChange): void {
    const id = change.run_id ?? '';
    if (!this.ids.includes(id) || this._deleted.has(id)) {
      return;
    }
    this._outdated.add(id);
    if (!this._isShown) {
      return;
    }
    if (change.what === 'data') {
      this._timer ||= window.setTimeout(() => void this.refresh(), DATA_MS);
    } else {
      void this.refresh();
    }
  }

  private _outdateAll(): void {
    this.ids
      .filter(id => !this._deleted.has(id))
      .forEach(id => this._outdated.add(id));
    if (this._isShown) {
      void this.refresh();
    }
  }

  private _runs = new Map<string, ICompared>();
  private _series: readonly IRunSeries[] = [];
  private _deleted = new Set<string>();
  private readonly _outdated: Set<string>;
  private _error: IError | null = null;
  private _pair: readonly [string, string];
  private _difference: IDifference | null = null;
  private _differenceError: IError | null = null;
  private _isShown = false;
  private _timer = 0;
  private _refresh = new Latest(() => this._ask());
  private _compare = new Latest(() => this._askForDifference());
  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
}
