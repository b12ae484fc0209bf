import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Api } from '../api';
import { asError } from '../request';
import type { IError, IRun, ITarget } from '../types';
import type { IDraft, Subject } from './draft';
import { problemsOf, type Problems } from './draftProblems';
import { requestOf } from './draftRequest';
import { Preview } from './preview';
import type { Targets } from './targets';

export interface ISubmissionOptions {
  api: Api;
  targets: Targets;
  trans: TranslationBundle;
  subject: Subject;
  draft: IDraft;
  /** The interpreter of the notebook's kernel on this machine; empty if it is the server's own. */
  kernelPython: string;
  /** Saves what is being edited. What it throws is shown. */
  save: () => Promise<void>;
  /** The names of the files of a folder. */
  list: (folder: string) => Promise<readonly string[]>;
}

/** Files that an environment can be made from. */
const ENVIRONMENT_FILE =
  /^(requirements.*\.(txt|in)|uv\.lock|pyproject\.toml|pylock(\..+)?\.toml|environment\.ya?ml|(Docker|Container)file)$/;

/**
 * A run that is about to be submitted: what was chosen, what is wrong with it, and what the server says.
 */
export class Submission implements IDisposable {
  constructor(private readonly _options: ISubmissionOptions) {
    this._draft = _options.draft;
    this.preview = new Preview(_options.api, this._draft.source);
    this.preview.changed.connect(this._emit, this);
    _options.targets.changed.connect(this._emit, this);
  }

  readonly preview: Preview;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get subject(): Subject {
    return this._options.subject;
  }

  get draft(): IDraft {
    return this._draft;
  }

  /** The targets to choose from; `null` while they are not known. */
  get targets(): readonly ITarget[] | null {
    return this._options.targets.targets;
  }

  get target(): ITarget | undefined {
    return this._options.targets.find(this._draft.target);
  }

  /** Files of the folder that an environment can be made from. */
  get environmentFiles(): readonly string[] {
    return this._files;
  }

  /** What is wrong with what was typed, by field. */
  get problems(): Problems {
    const { subject, trans } = this._options;
    const problems = problemsOf(this._draft, subject, this.target, trans);
    return this.targets && !this.target
      ? { ...problems, target: this._noTarget() }
      : problems;
  }

  /** The interpreter that the default environment means on the chosen target; empty leaves it to the target. */
  get python(): string {
    return this.target?.kind === 'local' ? this._options.kernelPython : '';
  }

  get canSubmit(): boolean {
    const hasProblems = Object.keys(this.problems).length > 0;
    return !hasProblems && !this.preview.isTooLarge && !this._isSending;
  }

  get isSending(): boolean {
    return this._isSending;
  }

  /** Why it could not be submitted. */
  get error(): IError | null {
    return this._error;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this.preview.dispose();
      Signal.disconnectReceiver(this);
      Signal.clearData(this);
    }
  }

  /** Look at the folder. */
  async look(): Promise<void> {
    const source = this._draft.source;
    void this.preview.refresh();
    try {
      const names = await this._options.list(source);
      if (source === this._draft.source) {
        this._files = names.filter(name => ENVIRONMENT_FILE.test(name));
      }
    } catch {
      // Then none is offered by name; the preview says what is wrong with the folder.
      this._files = [];
    }
    this._emit();
  }

  /** Choose or type something. */
  set(part: Partial<IDraft>): void {
    const source = this._draft.source;
    this._draft = { ...this._draft, ...part };
    this._error = null;
    this._emit();
    if (this._draft.source !== source) {
      this.preview.setSource(this._draft.source);
      void this.look();
    }
  }

  /** Save and submit; `null` means that it was refused, and `error` says why. */
  async submit(): Promise<IRun | null> {
    if (!this.canSubmit) {
      return null;
    }
    const { api, subject, trans, save } = this._options;
    const request = requestOf(this._draft, subject, this.python, trans);
    this._isSending = true;
    this._error = null;
    this._emit();
    try {
      await save();
      return await api.submit(request);
    } catch (thrown) {
      this._error = asError(thrown);
      return null;
    } finally {
      this._isSending = false;
      this._emit();
    }
  }

  private _noTarget(): string {
    return this._options.trans.__(
      'There is no target named “%1”. Choose another one.',
      this._draft.target
    );
  }

  private _emit(): void {
    this._changed.emit();
  }

  private _draft: IDraft;
  private _files: readonly string[] = [];
  private _error: IError | null = null;
  private _isSending = false;
  private _isDisposed = false;
  private _changed = new Signal<this, void>(this);
}
