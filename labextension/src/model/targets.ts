import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { PartialJSONObject } from '@lumino/coreutils';
import type { Api } from '../api';
import { asError } from '../request';
import type {
  IAttach,
  IChange,
  IChecked,
  IDetachAsked,
  IError,
  IKind,
  ITarget,
  TargetAction
} from '../types';
import type { Changes } from './changes';
import { Latest } from './latest';

/**
 * The targets that are attached, and the kinds there are.
 */
export class Targets implements IDisposable {
  constructor(
    private readonly _api: Api,
    changes: Changes,
    private readonly _translate: (kind: IKind) => IKind = kind => kind
  ) {
    changes.changed.connect(this._hear, this);
    changes.missed.connect(this.refresh, this);
  }

  /** `null` before the first answer. */
  get targets(): readonly ITarget[] | null {
    return this._targets;
  }

  /** `null` before the first answer. */
  get kinds(): readonly IKind[] | null {
    return this._kinds;
  }

  /** Why the last look failed. */
  get error(): IError | null {
    return this._error;
  }

  /** The targets that are being looked at now. */
  get checking(): ReadonlySet<string> {
    return this._checking;
  }

  /** Whether someone waits here for what a target, or a place not attached yet, answers. */
  isAwaited(name: string): boolean {
    return this._checking.has(name) || this._testing > 0;
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

  find(name: string): ITarget | undefined {
    return this._targets?.find(target => target.name === name);
  }

  /** Ask for the targets; what goes wrong is in `error`. */
  refresh(): Promise<void> {
    return this._refresh.run();
  }

  /** Ask for the kinds once. */
  async loadKinds(): Promise<readonly IKind[]> {
    if (!this._kinds) {
      this._kinds = (await this._api.kinds()).map(this._translate);
      this._changed.emit();
    }
    return this._kinds;
  }

  async attach(asked: IAttach): Promise<ITarget> {
    const target = await this._api.attach(asked);
    await this.refresh();
    return target;
  }

  async update(name: string, options: PartialJSONObject): Promise<ITarget> {
    const target = await this._api.updateTarget(name, options);
    this._put(target);
    return target;
  }

  async detach(name: string, asked: IDetachAsked): Promise<void> {
    await this._api.detach(name, asked);
    await this.refresh();
  }

  /** Look at what a form describes, before it is attached. */
  async test(
    kind: string,
    options: PartialJSONObject,
    name?: string,
    signal?: AbortSignal
  ): Promise<IChecked> {
    this._testing += 1;
    try {
      return await this._api.checkOptions(kind, options, name, signal);
    } finally {
      this._testing -= 1;
    }
  }

  async check(name: string): Promise<ITarget> {
    this._checking.add(name);
    this._changed.emit();
    try {
      const target = await this._api.check(name);
      this._put(target);
      return target;
    } finally {
      this._checking.delete(name);
      this._changed.emit();
    }
  }

  async manage(name: string, action: TargetAction): Promise<ITarget> {
    const target = await this._api.manage(name, action);
    this._put(target);
    return target;
  }

  private async _ask(): Promise<void> {
    try {
      this._targets = await this._api.targets();
      this._error = null;
    } catch (thrown) {
      this._error = asError(thrown);
    }
    this._changed.emit();
  }

  private _put(target: ITarget): void {
    this._targets =
      this._targets?.map(one => (one.name === target.name ? target : one)) ??
      null;
    this._changed.emit();
  }

  private _hear(_: Changes, change: IChange): void {
    if (change.what !== 'data') {
      // A run's state changes the load of its target, too.
      void this.refresh();
    }
  }

  private _targets: ITarget[] | null = null;
  private _kinds: IKind[] | null = null;
  private _error: IError | null = null;
  private _checking = new Set<string>();
  private _testing = 0;
  private _refresh = new Latest(() => this._ask());
  private _changed = new Signal<this, void>(this);
  private _isDisposed = false;
}
