import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { Choices } from '../model/choices';
import { emptyDraft, type IDraft, type Subject } from '../model/draft';
import { Submission } from '../model/submission';
import { asError } from '../request';
import { CommandIDs, type ICompute, type IComputeSettings } from '../tokens';
import type { IError, IRun } from '../types';
import { nameDefault, pythonOf } from './kernels';
import type { ISubmittable } from './subjects';
import { SubmitDialog } from './submitDialog';

export interface ISubmitArgs {
  target?: string;
  /** As the last time, without a question. */
  immediately?: boolean;
}

/**
 * Takes something from where it is edited to the target: asks how, saves, submits, and says how it went.
 */
export class Submitting {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _compute: ICompute,
    private readonly _choices: Choices,
    private readonly _settings: IComputeSettings | null
  ) {}

  /** Submit it, after asking unless it is to go at once. */
  async submit(what: ISubmittable, args: ISubmitArgs): Promise<void> {
    const { path } = what.subject;
    const chosen = await this._choices.recall(path);
    const target = args.target || (!chosen && (await this._firstTarget()));
    const draft = chosen?.draft ?? emptyDraft(path);
    const submission = this._prepare(what, {
      ...draft,
      ...(target ? { target } : {})
    });
    const isAtOnce = args.immediately && chosen?.isWhole !== false;
    const run = isAtOnce
      ? await this._goAtOnce(what, submission)
      : await this._ask(what, submission, chosen?.isWhole ?? true);
    if (run) {
      await this._choices.remember(path, submission.draft);
    }
  }

  /** Say why something cannot be submitted. */
  refuse(thrown: unknown): void {
    Notification.error(textOf(asError(thrown)), { autoClose: false });
  }

  /** Where a file starts that was never submitted. */
  private async _firstTarget(): Promise<string> {
    const wanted = this._settings?.defaultTarget;
    return wanted || (await this._choices.lastTarget());
  }

  private _prepare(what: ISubmittable, draft: IDraft): Submission {
    const { contents, kernelspecs } = this._app.serviceManager;
    const { api, targets, trans } = this._compute;
    return new Submission({
      api,
      targets,
      trans,
      draft,
      subject: what.subject,
      kernelPython: pythonOf(kernelspecs.specs, what.kernel),
      save: what.save,
      list: async folder => {
        const { content } = await contents.get(folder);
        return (content as { name: string }[]).map(one => one.name);
      }
    });
  }

  private async _ask(
    what: ISubmittable,
    submission: Submission,
    isWhole: boolean
  ): Promise<IRun | null> {
    const { trans } = this._compute;
    const { kernelspecs } = this._app.serviceManager;
    void this._compute.targets.refresh();
    const dialog = new SubmitDialog({
      submission,
      trans,
      title: this._title(what.subject),
      notice: isWhole
        ? ''
        : trans.__(
            'The last run had secrets. Where they are kept is not remembered: add them below.'
          ),
      nameDefaultEnvironment: () =>
        nameDefault(
          kernelspecs.specs,
          what.kernel,
          submission.target?.kind === 'local',
          trans
        )
    });
    const run = await dialog.ask();
    if (run) {
      Notification.success(this._saySubmitted(run), {
        autoClose: 8000,
        actions: [this._openLog(run)]
      });
    }
    return run;
  }

  private async _goAtOnce(
    what: ISubmittable,
    submission: Submission
  ): Promise<IRun | null> {
    const { trans } = this._compute;
    const id = Notification.emit(
      trans.__('Submitting %1…', nameOf(what.subject)),
      'in-progress',
      { autoClose: false }
    );
    const run = await submission.submit();
    if (run) {
      Notification.update({
        id,
        message: this._saySubmitted(run),
        type: 'success',
        autoClose: 8000,
        actions: [this._openLog(run)]
      });
      submission.dispose();
      return run;
    }
    const problem = submission.error ?? problemOf(submission);
    Notification.update({
      id,
      message: textOf(problem),
      type: 'error',
      autoClose: false,
      actions: [
        {
          label: trans.__('Change…'),
          callback: () => void this._ask(what, submission, true)
        }
      ]
    });
    return null;
  }

  private _title(subject: Subject): string {
    const { trans } = this._compute;
    const name = nameOf(subject);
    switch (subject.type) {
      case 'cell':
        return trans.__('Submit a cell of %1', name);
      case 'notebook':
        return trans.__('Submit the notebook %1', name);
      case 'script':
        return trans.__('Submit the script %1', name);
    }
  }

  private _saySubmitted(run: IRun): string {
    const { trans } = this._compute;
    return trans.__('%1 is submitted to %2.', run.name, run.target);
  }

  private _openLog(run: IRun): Notification.IAction {
    const { commands } = this._app;
    return {
      label: this._compute.trans.__('Open log'),
      callback: () =>
        void commands.execute(CommandIDs.openRun, { id: run.id, tab: 'log' })
    };
  }
}

function nameOf({ path }: Subject): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function problemOf({ problems }: Submission): IError {
  const message = Object.values(problems)[0] ?? '';
  return { error: 'Refused', message, hint: '' };
}

function textOf({ message, hint }: IError): string {
  return [message, hint].filter(Boolean).join('\n\n');
}
