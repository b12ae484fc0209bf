import type { Api } from '../api';
import { asError } from '../request';
import type { IChange, IError, IRunLine, ISeries } from '../types';
import type { Changes } from './changes';
import { Following } from './following';
import type { IRunSeries } from './metrics';
import type { RunModel } from './run';

const MOST_OTHERS = 50;

type Metrics = Record<string, ISeries>;

/**
 * What a run has measured, and other runs to see it beside.
 */
export class RunMetrics extends Following {
  constructor(
    private readonly _api: Api,
    changes: Changes,
    run: RunModel
  ) {
    super(run);
    changes.changed.connect(this._hearOther, this);
  }

  /** This run's metrics first, then those of the runs beside it. */
  get series(): readonly IRunSeries[] {
    return this._series;
  }

  /** Recent runs of the same experiment; `null` before they were asked for. */
  get others(): readonly IRunLine[] | null {
    return this._others;
  }

  get othersError(): IError | null {
    return this._othersError;
  }

  /** The ids of the runs that are shown beside this one. */
  get beside(): ReadonlySet<string> {
    return this._beside;
  }

  /** Ask which runs there are to compare with. */
  async loadOthers(): Promise<void> {
    const experiment = this.run.run?.experiment;
    try {
      const { runs } = await this._api.runs({ experiment, limit: MOST_OTHERS });
      this._others = runs.filter(run => run.id !== this.run.id);
      this._othersError = null;
    } catch (thrown) {
      this._othersError = asError(thrown);
    }
    this.emitChanged();
  }

  /** Show another run's lines beside this one's, or no longer. */
  async setBeside(id: string, isBeside: boolean): Promise<void> {
    const beside = new Set(this._beside);
    if (isBeside) {
      beside.add(id);
      this._stale.add(id);
    } else {
      beside.delete(id);
      this._known.delete(id);
    }
    this._beside = beside;
    this._series = this._flatten();
    this.emitChanged();
    await this.refresh();
  }

  protected async ask(): Promise<void> {
    const asked = [this.run.id, ...this._beside].filter(
      id => id === this.run.id || this._stale.has(id) || !this._known.has(id)
    );
    this._stale.clear();
    const answers = await Promise.all(asked.map(id => this._api.metrics(id)));
    answers.forEach(({ metrics }, place) => {
      const id = asked[place];
      this._known.set(id, keepSame(this._known.get(id), metrics));
    });
    this._series = this._flatten();
  }

  private _flatten(): IRunSeries[] {
    const { run } = this.run;
    const others = this._others ?? [];
    const shown = [
      { id: this.run.id, name: run?.name ?? '', started: run?.started },
      ...others.filter(other => this._beside.has(other.id))
    ];
    return shown.flatMap(({ id, name, started }) =>
      Object.entries(this._known.get(id) ?? {}).map(([metric, series]) => ({
        runId: id,
        runName: name || id,
        name: metric,
        series,
        started
      }))
    );
  }

  private _hearOther(_: Changes, { run_id: id }: IChange): void {
    if (id && this._beside.has(id)) {
      this._stale.add(id);
      this.expire();
    }
  }

  private _known = new Map<string, Metrics>();
  private _stale = new Set<string>();
  private _beside: ReadonlySet<string> = new Set();
  private _series: IRunSeries[] = [];
  private _others: IRunLine[] | null = null;
  private _othersError: IError | null = null;
}

/** Series only grow: one that has the same length is the same, and is not drawn again. */
function keepSame(before: Metrics | undefined, after: Metrics): Metrics {
  const kept = Object.entries(after).map(([name, series]) => {
    const old = before?.[name];
    const last = series.t.length - 1;
    const isSame =
      old?.t.length === series.t.length &&
      old.t[0] === series.t[0] &&
      old.t[last] === series.t[last] &&
      old.value[last] === series.value[last];
    return [name, isSame && old ? old : series] as const;
  });
  return Object.fromEntries(kept);
}
