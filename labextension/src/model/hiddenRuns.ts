import { Signal, type ISignal } from '@lumino/signaling';
import type { IKeep } from './choices';

const KEY = 'jupyter_compute:hidden-runs';
const MOST = 500;

/**
 * The runs that are not wanted below their cells any more.
 */
export class HiddenRuns {
  constructor(private readonly _keep: IKeep | null) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  has(runId: string): boolean {
    return this._ids.has(runId);
  }

  /** Find out what was hidden before the page was loaded. */
  async load(): Promise<void> {
    const kept = (await this._keep?.fetch(KEY)) as string[] | undefined;
    this._ids = new Set([...(kept ?? []), ...this._ids]);
    this._changed.emit();
  }

  async hide(runId: string): Promise<void> {
    this._ids.add(runId);
    this._changed.emit();
    await this._keep?.save(KEY, [...this._ids].slice(-MOST));
  }

  private _ids = new Set<string>();
  private _changed = new Signal<this, void>(this);
}
