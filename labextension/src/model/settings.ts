import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal, type ISignal } from '@lumino/signaling';

/** Which ends of runs are told. */
export type Notify = 'all' | 'failures' | 'none';

/**
 * What the user has chosen, as it is now; the defaults until the settings are loaded, and where there are none.
 */
export class Settings {
  /** Read settings from here on. */
  follow(source: ISettingRegistry.ISettings): void {
    this._source = source;
    source.changed.connect(() => this._changed.emit());
    this._changed.emit();
  }

  get notify(): Notify {
    const chosen = this._get('notify');
    return chosen === 'failures' || chosen === 'none' ? chosen : 'all';
  }

  get desktopNotifications(): boolean {
    return this._get('desktopNotifications') === true;
  }

  /** The target that dialogs begin with; empty is the server's own default. */
  get defaultTarget(): string {
    const chosen = this._get('defaultTarget');
    return typeof chosen === 'string' ? chosen : '';
  }

  /** Whether to ask before a run is deleted. */
  get confirmDelete(): boolean {
    return this._get('confirmDelete') !== false;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  private _get(name: string): unknown {
    return this._source?.composite[name];
  }

  private _source: ISettingRegistry.ISettings | null = null;
  private _changed = new Signal<this, void>(this);
}
