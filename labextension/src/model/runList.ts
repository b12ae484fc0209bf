import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import { asError, isAborted } from '../request';
import type { IChange, IError, IRunFilter, IRunLine, IRuns } from '../types';
import type { Changes } from './changes';
import { isFinal } from './states';

/** How many rows are asked for at once. */
export const PAGE = 100;

/** Rows beyond what is seen that are there before somebody scrolls to them. */
const MARGIN = 30;
const KEPT_PAGES = 30;
const LONGEST_RANGE = 1000;
const KNOWN_NAMES = 200;

/** Changes come in flocks; one question answers them all. */
const TOGETHER_MS = 150;

/** While somebody drags the scrollbar only the place where they rest is asked for. */
const REST_MS = 40;

/** Which rows are seen, by index. */
export interface IRowRange {
  first: number;
  last: number;
}

interface IFound {
  pages: Map<number, readonly IRunLine[]>;
  total: number;
}

/**
 * All runs that match a filter, as rows by index, of which only those that are looked at are here.
 */
export class RunList implements IDisposable {
  constructor(
    private readonly _api: Pick<Api, 'runs'>,
    changes: Changes
  ) {
    changes.changed.connect(this._hear, this);
    changes.missed.connect(this._outdate, this);
  }

  get filter(): Readonly<IRunFilter> {
    return this._filter;
  }

  /** How many match; `null` before the first answer. */
  get total(): number | null {
    return this._total;
  }

  /** Why the last question had no answer. */
  get error(): IError | null {
    return this._error;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Before `changed`: the rows that are looked at are now so many places further down. */
  get moved(): ISignal<this, number> {
    return this._moved;
  }

  /** Another filter holds; what was here is gone. */
  get filtered(): ISignal<this, void> {
    return this._filtered;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._giveUp();
      window.clearTimeout(this._timer);
      window.clearTimeout(this._rest);
      Signal.disconnectReceiver(this);
      Signal.clearData(this);
    }
  }

  /** The run at a place, if it is here. */
  row(index: number): IRunLine | undefined {
    return this._pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** Where a run is, if it is here; else -1. */
  indexOf(id: string): number {
    for (const [page, rows] of this._pages) {
      const place = rows.findIndex(row => row.id === id);
      if (place >= 0) {
        return page * PAGE + place;
      }
    }
    return -1;
  }

  /** Names that runs had which were here, for people to choose from. */
  known(field: 'experiment' | 'notebook'): readonly string[] {
    return [...this._known[field]].sort((a, b) => a.localeCompare(b));
  }

  setFilter(filter: IRunFilter): void {
    this._filter = withoutEmpty(filter);
    this._pages.clear();
    this._total = null;
    this._error = null;
    this._range &&= { first: 0, last: PAGE / 2 };
    this._filtered.emit();
    this._changed.emit();
    void this.refresh();
  }

  /** Say which rows are seen; `null` when none are, and then nothing is asked for. */
  look(range: IRowRange | null): void {
    const wasHidden = !this._range;
    this._range = range;
    if (!range) {
      this._giveUp();
      return;
    }
    if (wasHidden && (this._isOutdated || this._total === null)) {
      void this.refresh();
    } else if (!this._reload) {
      window.clearTimeout(this._rest);
      this._rest = window.setTimeout(() => this._fill(), REST_MS);
    }
  }

  /** Ask again for what is looked at; what goes wrong is in `error`. */
  async refresh(): Promise<void> {
    window.clearTimeout(this._timer);
    this._timer = 0;
    this._isOutdated = true;
    if (!this._range || this._isDisposed) {
      return;
    }
    this._giveUp();
    const reload = new AbortController();
    this._reload = reload;
    this._isOutdated = false;
    try {
      await this._askAgain(this._range, reload.signal);
    } catch (thrown) {
      this._fail(thrown, reload.signal);
    }
    if (this._reload === reload) {
      this._reload = null;
      this._fill();
    }
  }

  /** The runs between two places, asked for if they are not here; no more than 1000 of them. */
  async between(first: number, last: number): Promise<readonly IRunLine[]> {
    const end = Math.min(last, first + LONGEST_RANGE - 1);
    const here: IRunLine[] = [];
    for (let index = first; index <= end; index++) {
      const row = this.row(index);
      if (!row) {
        const limit = end - first + 1;
        const query = { ...this._filter, offset: first, limit };
        return (await this._api.runs(query)).runs;
      }
      here.push(row);
    }
    return here;
  }

  private async _askAgain(range: IRowRange, signal: AbortSignal) {
    const before = this._total;
    const anchor = range.first > 0 ? this.row(range.first) : undefined;
    let found = await this._ask(pagesOf(range), signal);
    let by = anchor ? shift(found, anchor.id, range.first) : 0;
    if (by === null && before !== null && found.total !== before) {
      // More came than a page holds: what is looked at is that much further down.
      const guess = found.total - before;
      const there = {
        first: Math.max(0, range.first + guess),
        last: Math.max(0, range.last + guess)
      };
      const further = await this._ask(pagesOf(there), signal);
      by = anchor ? shift(further, anchor.id, range.first) : null;
      found = by === null ? found : further;
    }
    this._error = null;
    this._total = found.total;
    this._pages.clear();
    found.pages.forEach((rows, page) => this._keep(page, rows));
    if (by) {
      this._range &&= {
        first: this._range.first + by,
        last: this._range.last + by
      };
      this._moved.emit(by);
    }
    this._changed.emit();
  }

  private async _ask(
    pages: readonly number[],
    signal: AbortSignal
  ): Promise<IFound> {
    const answers = await Promise.all(
      pages.map(page => this._askPage(page, signal))
    );
    return {
      pages: new Map(pages.map((page, n) => [page, answers[n].runs])),
      total: answers[answers.length - 1].total
    };
  }

  private async _askPage(page: number, signal: AbortSignal): Promise<IRuns> {
    const query = { ...this._filter, offset: page * PAGE, limit: PAGE };
    const answer = await this._api.runs(query, signal);
    if (signal.aborted) {
      throw new DOMException('nobody looks any more', 'AbortError');
    }
    return answer;
  }

  /** Ask for what is looked at and not here, and give up what nobody looks at any more. */
  private _fill(): void {
    if (!this._range || this._reload || this._isDisposed) {
      return;
    }
    const wanted = pagesOf(this._range).filter(
      page => page === 0 || page * PAGE < (this._total ?? 0)
    );
    for (const [page, asked] of this._asked) {
      if (!wanted.includes(page)) {
        asked.abort();
        this._asked.delete(page);
      }
    }
    for (const page of wanted) {
      if (!this._pages.has(page) && !this._asked.has(page)) {
        void this._load(page);
      }
    }
  }

  private async _load(page: number): Promise<void> {
    const asked = new AbortController();
    this._asked.set(page, asked);
    try {
      const answer = await this._askPage(page, asked.signal);
      this._asked.delete(page);
      this._error = null;
      this._keep(page, answer.runs);
      if (answer.total !== this._total) {
        this._outdate();
      }
      this._changed.emit();
    } catch (thrown) {
      this._asked.delete(page);
      this._fail(thrown, asked.signal);
    }
  }

  private _keep(page: number, rows: readonly IRunLine[]): void {
    this._pages.delete(page);
    this._pages.set(page, rows);
    for (const old of this._pages.keys()) {
      if (this._pages.size <= KEPT_PAGES) {
        break;
      }
      this._pages.delete(old);
    }
    for (const row of rows) {
      remember(this._known.experiment, row.experiment);
      remember(this._known.notebook, row.notebook);
    }
  }

  private _hear(_: Changes, change: IChange): void {
    if (change.what === 'run') {
      this._patch(change);
      this._outdate();
    } else if (change.what === 'deleted') {
      this._outdate();
    }
  }

  private _patch(change: IChange): void {
    const index = change.run_id ? this.indexOf(change.run_id) : -1;
    if (index >= 0) {
      const page = Math.floor(index / PAGE);
      const rows = [...(this._pages.get(page) ?? [])];
      rows[index % PAGE] = patched(rows[index % PAGE], change);
      // In its place, so that it stays as long as it would have stayed.
      this._pages.set(page, rows);
      this._changed.emit();
    }
  }

  private _outdate(): void {
    this._isOutdated = true;
    if (this._range && !this._timer) {
      this._timer = window.setTimeout(() => void this.refresh(), TOGETHER_MS);
    }
  }

  private _fail(thrown: unknown, signal: AbortSignal): void {
    if (!isAborted(thrown) && !signal.aborted) {
      this._error = asError(thrown);
      this._changed.emit();
    }
  }

  private _giveUp(): void {
    this._reload?.abort();
    this._reload = null;
    this._asked.forEach(asked => asked.abort());
    this._asked.clear();
  }

  private _filter: IRunFilter = {};
  private _total: number | null = null;
  private _error: IError | null = null;
  private _range: IRowRange | null = null;
  private _pages = new Map<number, readonly IRunLine[]>();
  private _asked = new Map<number, AbortController>();
  private _reload: AbortController | null = null;
  private _isOutdated = true;
  private _timer = 0;
  private _rest = 0;
  private _known = {
    experiment: new Set<string>(),
    notebook: new Set<string>()
  };
  private _changed = new Signal<this, void>(this);
  private _moved = new Signal<this, number>(this);
  private _filtered = new Signal<this, void>(this);
  private _isDisposed = false;
}

/** A run as the message about it has it; the rest of it is known when it is asked for. */
export function patched(line: IRunLine, change: IChange): IRunLine {
  const state = change.state ?? line.state;
  const why = change.reason ?? '';
  return {
    ...line,
    state,
    attempt: change.attempt ?? line.attempt,
    reason: isFinal(state) ? line.reason : why,
    error: isFinal(state) ? why : line.error,
    retry_at: change.retry_at ?? null
  };
}

/** Leave out what restricts nothing. */
function withoutEmpty(filter: IRunFilter): IRunFilter {
  return Object.fromEntries(
    Object.entries(filter).filter(([, value]) => value && value.length > 0)
  );
}

function pagesOf({ first, last }: IRowRange): number[] {
  const from = Math.floor(Math.max(0, first - MARGIN) / PAGE);
  const to = Math.floor((Math.max(first, last) + MARGIN) / PAGE);
  return Array.from({ length: to - from + 1 }, (_, n) => from + n);
}

/** How much further down a run is now; `null` if it is not among what was found. */
function shift(found: IFound, id: string, before: number): number | null {
  for (const [page, rows] of found.pages) {
    const place = rows.findIndex(row => row.id === id);
    if (place >= 0) {
      return page * PAGE + place - before;
    }
  }
  return null;
}

function remember(names: Set<string>, name: string): void {
  if (name && names.size < KNOWN_NAMES) {
    names.add(name);
  }
}
