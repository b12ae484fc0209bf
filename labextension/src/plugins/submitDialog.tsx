import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import { SubmitForm } from '../components/SubmitForm';
import type { Submission } from '../model/submission';
import type { IRun } from '../types';
import { DialogBody } from './dialogBody';

const BUTTONS = '.jp-Dialog-footer .jp-Dialog-button';

export interface ISubmitDialogOptions {
  submission: Submission;
  trans: TranslationBundle;
  title: string;
  notice: string;
  /** Names what the code runs in by default on the target that is chosen. */
  nameDefaultEnvironment: () => string;
}

/**
 * Asks how to submit, and stays until it is submitted or given up: a refusal is shown beside what was typed.
 */
export class SubmitDialog extends Dialog<unknown> {
  constructor(options: ISubmitDialogOptions) {
    const { submission, trans, title } = options;
    super({
      title,
      body: new SubmitBody(options),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: trans.__('Submit') })
      ],
      focusNodeSelector: 'select'
    });
    this.addClass('jp-compute-SubmitDialog');
    this.node.setAttribute('aria-label', title);
    this._submission = submission;
    submission.changed.connect(this._sync, this);
    void this.ready.then(() => this._sync());
    void submission.look();
  }

  /** The run, or `null` if nothing was submitted. */
  async ask(): Promise<IRun | null> {
    await this.launch();
    // Who closes it while it is on its way is told of the run all the same.
    await this._sending;
    this._submission.dispose();
    return this._run;
  }

  handleEvent(event: Event): void {
    const target = event.target as HTMLElement;
    if (event.type === 'click' && target === this.node) {
      // Beside the form: what was typed would be lost.
      event.stopPropagation();
    } else if (isKey(event, 'Tab') && !event.shiftKey && this._isLast(target)) {
      // The form was not drawn yet when the dialog looked for its first field.
      event.preventDefault();
      event.stopPropagation();
      this.node.querySelector('select')?.focus();
    } else if (!(isKey(event, 'Enter') && target.closest('[data-own-enter]'))) {
      super.handleEvent(event);
      this._sync();
    }
  }

  resolve(index?: number): void {
    if (index === 0) {
      super.resolve(index);
    } else {
      this._sending = this._submit();
    }
  }

  private async _submit(): Promise<void> {
    this._run = await this._submission.submit();
    if (this._run && !this.isDisposed) {
      super.resolve(1);
    }
  }

  private _sync(): void {
    const [, button] = this._buttonsNow();
    if (button) {
      button.disabled = !this._submission.canSubmit;
    }
  }

  private _isLast(target: HTMLElement): boolean {
    const enabled = this._buttonsNow().filter(button => !button.disabled);
    return target === enabled.at(-1);
  }

  private _buttonsNow(): HTMLButtonElement[] {
    return [...this.node.querySelectorAll<HTMLButtonElement>(BUTTONS)];
  }

  private readonly _submission: Submission;
  private _sending: Promise<void> | null = null;
  private _run: IRun | null = null;
}

function isKey(event: Event, key: string): event is KeyboardEvent {
  return event instanceof KeyboardEvent && event.key === key;
}

class SubmitBody extends DialogBody {
  constructor(private readonly _options: ISubmitDialogOptions) {
    super();
    this.addClass('jp-compute-SubmitDialog-body');
  }

  protected render(): JSX.Element {
    const { submission } = this._options;
    return (
      <UseSignal signal={submission.changed}>{() => this._form()}</UseSignal>
    );
  }

  private _form(): JSX.Element {
    const { submission, trans, notice, nameDefaultEnvironment } = this._options;
    const { preview } = submission;
    return (
      <SubmitForm
        trans={trans}
        subject={submission.subject}
        draft={submission.draft}
        targets={submission.targets}
        environmentFiles={submission.environmentFiles}
        defaultEnvironment={nameDefaultEnvironment()}
        problems={submission.problems}
        error={submission.error}
        isSending={submission.isSending}
        notice={notice}
        onChange={part => submission.set(part)}
        preview={{
          found: preview.found,
          tree: preview.tree,
          secrets: preview.secrets,
          isTooLarge: preview.isTooLarge,
          isLoading: preview.isLoading,
          error: preview.error,
          refusal: preview.refusal,
          explanation: preview.explanation,
          ignored: preview.ignored,
          onRetry: () => void preview.refresh(),
          onLoadTree: () => void preview.loadTree(),
          onExplain: path => void preview.explain(path),
          onIgnore: path => void preview.ignore(path)
        }}
      />
    );
  }
}
