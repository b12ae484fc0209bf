import type { TranslationBundle } from '@jupyterlab/translation';
import type { PartialJSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { ValidatorType } from '@rjsf/utils';
import { asError, ComputeError, isAborted } from '../request';
import type { IChecked, IError, IKind, ITarget } from '../types';
import {
  askedOptions,
  changedOptions,
  keptSecrets,
  readForm,
  startData,
  type IOptionForm
} from './optionForm';
import type { Problems } from './optionProblems';
import { nameProblem, refusalOf } from './refusals';
import type { Targets } from './targets';

/** What a form shows. */
export interface IAttachState {
  /** The target that is edited; `null` when a new one is attached. */
  edited: string | null;
  /** `null` before they are known. */
  kinds: readonly IKind[] | null;
  kind: string;
  form: IOptionForm | null;
  validator: ValidatorType | null;
  name: string;
  nameProblem: string;
  data: PartialJSONObject;
  /** The secrets that are set and not shown. */
  kept: ReadonlySet<string>;
  /** Option → what is wrong with it, for those that somebody has been at. */
  problems: Problems;
  /** What went wrong as a whole. */
  error: IError | null;
  /** The target that stands in the way; it can be replaced. */
  rival: string;
  checked: IChecked | null;
  /** Whether the options are others than those that were looked at. */
  isOutdated: boolean;
  isTesting: boolean;
  isSaving: boolean;
  /** Grows with each attempt that is refused. */
  refusals: number;
}

const START: IAttachState = {
  edited: null,
  kinds: null,
  kind: '',
  form: null,
  validator: null,
  name: '',
  nameProblem: '',
  data: {},
  kept: new Set(),
  problems: {},
  error: null,
  rival: '',
  checked: null,
  isOutdated: false,
  isTesting: false,
  isSaving: false,
  refusals: 0
};

export interface IAttachFormOptions {
  targets: Targets;
  trans: TranslationBundle;
  /** The target to edit. */
  edited?: string;
  kind?: string;
}

type Find = typeof import('./optionProblems').findProblems;

/**
 * A form that attaches a target, or edits the options of one.
 */
export class AttachForm implements IDisposable {
  constructor(private readonly _options: IAttachFormOptions) {
    const { edited = null, kind = '' } = _options;
    this._state = { ...START, edited, kind };
    void this.load();
  }

  get state(): IAttachState {
    return this._state;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The target is attached, or has its new options. */
  get saved(): ISignal<this, ITarget> {
    return this._saved;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this.cancelTest();
      Signal.clearData(this);
    }
  }

  /** Ask for the kinds, and for the target that is edited. */
  async load(): Promise<void> {
    const { targets } = this._options;
    this._set({ error: null });
    try {
      const [kinds, { findProblems, validator }] = await Promise.all([
        targets.loadKinds(),
        import('./optionProblems'),
        targets.targets ?? targets.refresh()
      ]);
      this._find = findProblems;
      this._set({ kinds, validator });
      this._begin();
    } catch (thrown) {
      this._set({ error: asError(thrown) });
    }
  }

  /** Choose the kind of a new target; what was given for options of the same names stays. */
  choose(kind: string): void {
    const found = this._state.kinds?.find(one => one.kind === kind);
    if (!found || found.error) {
      return;
    }
    const form = readForm(found.options);
    const names = new Set(form.options.map(option => option.name));
    const given = Object.entries(this._state.data).filter(([name]) =>
      names.has(name)
    );
    this.cancelTest();
    this._touched.clear();
    this._said = {};
    this._set({
      kind,
      form,
      data: { ...startData(form, {}), ...Object.fromEntries(given) },
      error: null,
      rival: '',
      checked: null
    });
    this._look();
  }

  setName(name: string): void {
    this._isNameTouched = true;
    this._set({ name, rival: '', error: null });
    this._look();
  }

  /** Take over the options as they are in the form now. */
  setData(data: PartialJSONObject): void {
    const changed = Object.keys({ ...this._state.data, ...data }).filter(
      name => this._state.data[name] !== data[name]
    );
    if (changed.length === 0) {
      return;
    }
    this._said = Object.fromEntries(
      Object.entries(this._said).filter(([name]) => !changed.includes(name))
    );
    this._set({ data, rival: '', error: null, isOutdated: true });
    this._look();
  }

  /** Somebody has been at an option: from now on what is wrong with it is said. */
  touch(name: string): void {
    this._touched.add(name);
    this._look();
  }

  /** Look at the place that the form describes, without attaching it. */
  async test(): Promise<void> {
    const { form, kind, edited } = this._state;
    if (!form || !this._isSound(false)) {
      return;
    }
    this.cancelTest();
    const abort = new AbortController();
    this._abort = abort;
    this._set({ isTesting: true, checked: null, isOutdated: false });
    try {
      const checked = await this._options.targets.test(
        kind,
        this._asked(form),
        edited ?? undefined,
        abort.signal
      );
      this._set({ isTesting: false, checked });
    } catch (thrown) {
      if (this._abort === abort) {
        this._set({ isTesting: false });
      }
      this._refuse(thrown);
    }
  }

  cancelTest(): void {
    this._abort?.abort();
    this._abort = null;
    if (this._state.isTesting) {
      this._set({ isTesting: false });
    }
  }

  /** Attach the target, or give it its new options. */
  async save(replace = false): Promise<void> {
    const { form, isSaving } = this._state;
    if (!form || isSaving || !this._isSound(true)) {
      return;
    }
    this._set({ isSaving: true, error: null, rival: '' });
    try {
      const target = await this._send(form, replace);
      this.cancelTest();
      this._saved.emit(target);
    } catch (thrown) {
      this._refuse(thrown);
    } finally {
      this._set({ isSaving: false });
    }
  }

  private _send(form: IOptionForm, replace: boolean): Promise<ITarget> {
    const { targets } = this._options;
    const { edited, kind, name } = this._state;
    const options = this._asked(form);
    if (edited === null) {
      return targets.attach({ name, kind, options, replace });
    }
    const before = targets.find(edited)?.options ?? {};
    return targets.update(edited, changedOptions(before, options));
  }

  private _begin(): void {
    const { targets, trans } = this._options;
    const { edited, kind, kinds } = this._state;
    if (edited === null) {
      const usable = (kinds ?? []).filter(one => !one.error);
      this.choose(kind || (usable.length === 1 ? usable[0].kind : ''));
      return;
    }
    const target = targets.find(edited);
    const found = kinds?.find(one => one.kind === target?.kind);
    if (!target || !found || found.error) {
      const error = found?.error ?? {
        error: 'NotFoundError',
        message: trans.__('There is no target named %1 any more.', edited),
        hint: ''
      };
      this._set({ error: targets.error ?? error });
      return;
    }
    const form = readForm(found.options);
    this._set({
      kind: target.kind,
      name: edited,
      form,
      data: startData(form, target.options),
      kept: keptSecrets(form, target.options)
    });
    this._look();
  }

  private _asked(form: IOptionForm): PartialJSONObject {
    return askedOptions(form, this._state.data, this._state.kept);
  }

  /** Whether it can be sent; otherwise everything that is wrong is said. */
  private _isSound(isNamed: boolean): boolean {
    const { form } = this._state;
    form?.options.forEach(option => this._touched.add(option.name));
    this._isNameTouched ||= isNamed;
    this._look();
    const { problems, nameProblem: badName, refusals } = this._state;
    const isSound = Object.keys(problems).length === 0 && !(isNamed && badName);
    if (!isSound) {
      this._set({ refusals: refusals + 1 });
    }
    return isSound;
  }

  /** Look for what is wrong; what nobody has been at may still be empty. */
  private _look(): void {
    const { targets, trans } = this._options;
    const { form, data, kept, name, edited } = this._state;
    const found = form && this._find ? this._find(form, data, kept, trans) : {};
    const seen = Object.entries(found).filter(([option]) =>
      this._touched.has(option)
    );
    const used = targets.targets?.map(target => target.name) ?? [];
    const isNameShown = edited === null && this._isNameTouched;
    this._set({
      problems: { ...Object.fromEntries(seen), ...this._said },
      nameProblem: isNameShown ? nameProblem(name, used, trans) : ''
    });
  }

  private _refuse(thrown: unknown): void {
    if (isAborted(thrown)) {
      return;
    }
    const names = this._state.form?.options.map(option => option.name) ?? [];
    const status = thrown instanceof ComputeError ? thrown.status : 0;
    const refusal = refusalOf(asError(thrown), status, names);
    this._said = refusal.options;
    this._set({
      error: refusal.rest,
      rival: refusal.rival,
      refusals: this._state.refusals + 1
    });
    this._look();
  }

  private _set(part: Partial<IAttachState>): void {
    if (!this._isDisposed) {
      this._state = { ...this._state, ...part };
      this._changed.emit();
    }
  }

  private _state: IAttachState;
  private _find: Find | null = null;
  /** What the server said of options that nobody has changed since. */
  private _said: Problems = {};
  private _touched = new Set<string>();
  private _isNameTouched = false;
  private _abort: AbortController | null = null;
  private _isDisposed = false;
  private _changed = new Signal<this, void>(this);
  private _saved = new Signal<this, ITarget>(this);
}
