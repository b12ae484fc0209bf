import { Signal } from '@lumino/signaling';
import { Status } from '../model/status';
import { Changes, type IChangeSource } from '../model/changes';
import type { Api } from '../api';
import type { IChange, IRunLine, IRunPageQuery, RunState } from '../types';

const SCHEMA = 'https://events.jupyter.org/jupyter_compute/change/v1';

/** A run as a list shows it. */
export function line(id: string, state: RunState, attempt = 1): IRunLine {
  return {
    id,
    experiment: 'work',
    name: `the ${id}`,
    target: 'local',
    type: 'script',
    what: 'train.py',
    state,
    attempt,
    created: 0,
    revision: 1,
    reason: '',
    error: '',
    exit_code: null,
    started: null,
    ended: null,
    cancel_requested: null,
    last_seen: null,
    retry_at: null,
    parent_id: null,
    rerun_of: null,
    notebook: '',
    cell_id: '',
    source: '',
    gpus: 0,
    params: {},
    tags: {},
    metrics: null
  };
}

/**
 * A workspace of some runs: the part of the server's API that is about the workspace as a whole.
 */
export class FakeWorkspace {
  constructor() {
    this.changes = new Changes({
      stream: this._stream
    } as unknown as IChangeSource);
    this.status = new Status(this.api, this.changes);
  }

  readonly runs = new Map<string, IRunLine>();
  readonly canceled: string[] = [];
  version = async (_: string) => ({
    version: '1.0',
    api: 1,
    controller: null,
    advice: ''
  });

  readonly api = {
    version: (frontEnd: string) => this.version(frontEnd),
    status: async () => ({ counts: this._counts() }),
    runs: async ({ state, limit = 50, cursor }: IRunPageQuery) => {
      const all = [...this.runs.values()].filter(run =>
        state?.includes(run.state)
      );
      const begin = Number(cursor || 0);
      const end = begin + limit;
      return {
        runs: all.slice(begin, end),
        total: all.length,
        cursor: end < all.length ? String(end) : '',
        revision: 1
      };
    },
    run: async (id: string) => ({ run: this.runs.get(id) }),
    cancel: async (id: string) => {
      this.canceled.push(id);
      return this.runs.get(id);
    }
  } as unknown as Api;

  readonly changes: Changes;
  readonly status: Status;

  /** A run goes into a state; nobody is told. */
  put(id: string, state: RunState, attempt = 1): void {
    this.runs.set(id, line(id, state, attempt));
  }

  /** A run goes into a state, and the event bus tells. */
  tell(id: string, state: RunState, more: Partial<IChange> = {}): void {
    this.put(id, state, more.attempt);
    this._emit({ what: 'run', run_id: id, state, name: `the ${id}`, ...more });
  }

  delete(id: string): void {
    this.runs.delete(id);
    this._emit({ what: 'deleted', run_id: id });
  }

  private _emit(change: Partial<IChange>): void {
    this._seq += 1;
    const emission = { target: 'local', ...change, seq: this._seq };
    this._stream.emit({ schema_id: SCHEMA, ...emission });
  }

  private _counts(): Partial<Record<RunState, number>> {
    const counts: Partial<Record<RunState, number>> = {};
    for (const { state } of this.runs.values()) {
      counts[state] = (counts[state] ?? 0) + 1;
    }
    return counts;
  }

  private _seq = 0;
  private _stream = new Signal<object, object>({});
}

/** A browser's storage. */
export class FakeMemory extends Map<string, string> {
  getItem(key: string): string | null {
    return this.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.set(key, value);
  }
}

/** What the tabs of a browser share. */
export class FakeLedger extends Set<string> {
  async enter(names: readonly string[]): Promise<string[]> {
    const entered = names.filter(name => !this.has(name));
    entered.forEach(name => this.add(name));
    return entered;
  }
}
