import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { IChange, IRunLine } from '../types';
import type { Changes } from './changes';
import { patched, type RunList } from './runList';

/** How a choice goes together with what is chosen already. */
export type SelectMode = 'only' | 'toggle' | 'extend' | 'visit';

/**
 * The runs that are selected in a list, and the one that the keys act on.
 */
export class RunSelection implements IDisposable {
  constructor(
    private readonly _list: RunList,
    changes: Changes
  ) {
    _list.moved.connect(this._move, this);
    _list.changed.connect(this._follow, this);
    _list.filtered.connect(this.clear, this);
    changes.changed.connect(this._hear, this);
  }

  /** Where the keys act; -1 before anything was chosen. */
  get active(): number {
    return this._active;
  }

  /** What is selected, in the order in which it was. */
  get runs(): readonly IRunLine[] {
    return [...this._runs.values()];
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

  has(id: string): boolean {
    return this._runs.has(id);
  }

  clear(): void {
    this._turn++;
    this._runs.clear();
    this._active = this._anchor = -1;
    this._activeId = this._anchorId = '';
    this._changed.emit();
  }

  /** Choose the run at a place. Resolves when it is known which one that is. */
  async choose(index: number, mode: SelectMode = 'only'): Promise<void> {
    const turn = ++this._turn;
    this._active = index;
    this._activeId = this._list.row(index)?.id ?? '';
    if (mode !== 'extend' || this._anchor < 0) {
      this._anchor = index;
      this._anchorId = this._activeId;
    }
    this._changed.emit();
    if (mode === 'visit') {
      return;
    }
    const [first, last] = [this._anchor, index].sort((a, b) => a - b);
    // What is here is taken at once: keys come faster than answers.
    const here = this._here(first, last);
    const lines = here ?? (await this._asked(first, last));
    if (turn !== this._turn || !lines) {
      return;
    }
    this._take(lines, mode);
    this._activeId ||= this._list.row(this._active)?.id ?? '';
    this._changed.emit();
  }

  private _here(first: number, last: number): IRunLine[] | null {
    const lines: IRunLine[] = [];
    for (let index = first; index <= last; index++) {
      const row = this._list.row(index);
      if (!row) {
        return null;
      }
      lines.push(row);
    }
    return lines;
  }

  private async _asked(
    first: number,
    last: number
  ): Promise<readonly IRunLine[] | null> {
    try {
      return await this._list.between(first, last);
    } catch {
      // The list asks for the same rows and says what is wrong.
      return null;
    }
  }

  private _take(lines: readonly IRunLine[], mode: SelectMode): void {
    if (mode === 'toggle') {
      for (const line of lines) {
        if (!this._runs.delete(line.id)) {
          this._runs.set(line.id, line);
        }
      }
    } else {
      this._runs = new Map(lines.map(line => [line.id, line]));
    }
  }

  private _move(_: RunList, by: number): void {
    this._active += this._active < 0 ? 0 : by;
    this._anchor += this._anchor < 0 ? 0 : by;
  }

  private _follow(): void {
    const total = this._list.total ?? 0;
    this._active = this._found(this._activeId, this._active, total);
    this._anchor = this._found(this._anchorId, this._anchor, total);
    for (const id of this._runs.keys()) {
      const index = this._list.indexOf(id);
      const row = index < 0 ? undefined : this._list.row(index);
      if (row) {
        this._runs.set(id, row);
      }
    }
    this._changed.emit();
  }

  private _found(id: string, index: number, total: number): number {
    const now = id ? this._list.indexOf(id) : -1;
    return now >= 0 ? now : Math.min(index, total - 1);
  }

  private _hear(_: Changes, change: IChange): void {
    const line = this._runs.get(change.run_id ?? '');
    if (!line) {
      return;
    }
    if (change.what === 'deleted') {
      this._runs.delete(line.id);
    } else if (change.what === 'run') {
      this._runs.set(line.id, patched(line, change));
    }
    this._changed.emit();
  }

  private _active = -1;
  private _activeId = '';
  private _anchor = -1;
  private _anchorId = '';
  private _turn = 0;
  private _runs = new Map<string, IRunLine>();
  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
}
