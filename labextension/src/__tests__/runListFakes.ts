import type { Api } from '../api';
import { Changes, type IChangeSource } from '../model/changes';
import type { IChange, IRunLine, IRunPageQuery, IRuns } from '../types';
import { Signal } from '@lumino/signaling';
import { line } from './ambientFakes';

const SCHEMA = 'https://events.jupyter.org/jupyter_compute/change/v1';

/**
 * A server with a list of runs, the newest first, that answers when the test says so.
 */
export class FakeRuns {
  constructor(count: number) {
    for (let number = count; number > 0; number--) {
      this.rows.push(line(`r${number}`, 'completed'));
    }
    this.changes = new Changes({
      stream: this._stream
    } as unknown as IChangeSource);
  }

  readonly rows: IRunLine[] = [];
  readonly changes: Changes;

  /** The queries that were asked, and whether they were given up. */
  readonly asked: { query: IRunPageQuery; signal?: AbortSignal }[] = [];

  /** Answers wait for `answer()`. */
  isHeld = false;
  error: Error | null = null;

  readonly api = {
    runs: async (query: IRunPageQuery, signal?: AbortSignal) => {
      this.asked.push({ query, signal });
      if (this.isHeld) {
        await new Promise<void>(resolve => this._held.push(resolve));
      }
      if (this.error) {
        throw this.error;
      }
      return this._page(query);
    }
  } as unknown as Api;

  /** The first rows that were asked for, in order. */
  get offsets(): number[] {
    return this.asked.map(({ query }) => query.offset ?? 0);
  }

  answer(): void {
    this._held.splice(0).forEach(resolve => resolve());
  }

  /** New runs stand above all others. */
  add(...ids: string[]): void {
    for (const id of ids) {
      this.rows.unshift(line(id, 'queued'));
      this.tell({ what: 'run', run_id: id, state: 'queued' });
    }
  }

  delete(id: string): void {
    this.rows.splice(
      this.rows.findIndex(row => row.id === id),
      1
    );
    this.tell({ what: 'deleted', run_id: id });
  }

  tell(change: Partial<IChange>): void {
    this._seq += 1;
    this._stream.emit({ schema_id: SCHEMA, ...change, seq: this._seq });
  }

  /** Messages got lost. */
  skip(): void {
    this._seq += 1;
  }

  private _page({ offset = 0, limit = 50, text }: IRunPageQuery): IRuns {
    const all = this.rows.filter(({ name }) => !text || name.includes(text));
    const runs = all.slice(offset, offset + limit);
    return { runs, total: all.length, cursor: '', revision: 1 };
  }

  private _seq = 0;
  private _held: (() => void)[] = [];
  private _stream = new Signal<object, object>({});
}
