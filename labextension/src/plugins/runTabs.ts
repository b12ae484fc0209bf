import { Signal, type ISignal } from '@lumino/signaling';
import type { IRunTab, IRunTabs } from '../tokens';

/**
 * The tabs that a run's page has, in order, whichever plugin comes first.
 */
export class RunTabs implements IRunTabs {
  get tabs(): readonly IRunTab[] {
    return this._tabs;
  }

  /** A tab came, perhaps after a page was opened. */
  get added(): ISignal<this, IRunTab> {
    return this._added;
  }

  add(tab: IRunTab): void {
    this._tabs = [...this._tabs, tab].sort((a, b) => a.rank - b.rank);
    this._added.emit(tab);
  }

  private _tabs: IRunTab[] = [];
  private _added = new Signal<this, IRunTab>(this);
}
