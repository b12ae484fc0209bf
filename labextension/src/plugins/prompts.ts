import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification, type Dialog } from '@jupyterlab/apputils';
import { Prompts } from '../model/prompts';
import { asError } from '../request';
import { ICompute, IPrompts } from '../tokens';
import type { IPrompt } from '../types';
import { promptAnswer, promptDialog } from './promptDialog';

/**
 * Shows each open question as a notification, and the dialog when somebody wants it: one at a time, and each goes away when
 * the question is answered anywhere.
 */
class Asker {
  constructor(
    private readonly _prompts: Prompts,
    private readonly _compute: ICompute
  ) {
    _prompts.changed.connect(this._follow, this);
  }

  /** Show a question's dialog, after the one that is shown. */
  show(prompt: IPrompt): void {
    if (this._shown?.id === prompt.id) {
      return;
    }
    if (this._shown) {
      this._wanted.add(prompt.id);
      return;
    }
    void this._ask(prompt);
  }

  private async _ask(prompt: IPrompt): Promise<void> {
    const { trans } = this._compute;
    const dialog = promptDialog(prompt, trans);
    this._shown = { id: prompt.id, dialog };
    const answer = promptAnswer(await dialog.launch());
    this._shown = null;
    if (!answer) {
      this._announce(prompt);
    } else {
      try {
        await this._prompts.answer(prompt.id, answer);
      } catch (thrown) {
        const { message, hint } = asError(thrown);
        Notification.error([message, hint].filter(Boolean).join(' '));
      }
    }
    this._showNext();
  }

  private _showNext(): void {
    const next = this._prompts.open.find(one => this._wanted.has(one.id));
    if (next) {
      this._wanted.delete(next.id);
      this.show(next);
    }
  }

  private _follow(): void {
    const { open } = this._prompts;
    for (const [id, notification] of this._told) {
      if (!open.some(prompt => prompt.id === id)) {
        Notification.dismiss(notification);
        this._told.delete(id);
        this._wanted.delete(id);
      }
    }
    if (this._shown && !open.some(one => one.id === this._shown?.id)) {
      this._shown.dialog.reject();
    }
    const { targets } = this._compute;
    const fresh = open.filter(prompt => !this._seen.has(prompt.id));
    this._seen = new Set(open.map(prompt => prompt.id));
    for (const prompt of fresh) {
      // Whoever waits for the answer here need not look for the question.
      if (targets.isAwaited(prompt.target)) {
        this.show(prompt);
      } else {
        this._announce(prompt);
      }
    }
  }

  /** Say that a question is open, to whoever does something else. */
  private _announce(prompt: IPrompt): void {
    const { trans } = this._compute;
    const isOpen = this._prompts.open.some(one => one.id === prompt.id);
    if (!isOpen || this._told.has(prompt.id)) {
      return;
    }
    this._told.set(
      prompt.id,
      Notification.info(
        prompt.target
          ? trans.__('Target %1 asks: %2', prompt.target, prompt.message)
          : prompt.message,
        {
          autoClose: false,
          actions: [
            {
              label: trans.__('Answer…'),
              displayType: 'accent',
              callback: event => {
                event.preventDefault();
                this.show(prompt);
              }
            }
          ]
        }
      )
    );
  }

  private _shown: { id: string; dialog: Dialog<string> } | null = null;
  private _wanted = new Set<string>();
  private _seen = new Set<string>();
  private _told = new Map<string, string>();
}

/**
 * The questions that targets ask, such as for a password.
 */
export const prompts: JupyterFrontEndPlugin<IPrompts> = {
  id: 'jupyter_compute:prompts',
  description: 'Asks what compute targets ask.',
  autoStart: true,
  requires: [ICompute],
  provides: IPrompts,
  activate: (app: JupyterFrontEnd, compute: ICompute) => {
    const model = new Prompts(compute.api, compute.changes);
    const asker = new Asker(model, compute);
    void app.started.then(() => model.refresh());
    return {
      model,
      show: target => {
        const prompt = model.open.find(one => one.target === target);
        if (prompt) {
          asker.show(prompt);
        }
      }
    };
  }
};
