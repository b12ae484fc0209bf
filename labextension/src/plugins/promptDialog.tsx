import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { PromptForm } from '../components/PromptForm';
import type { IPrompt, IPromptAnswer } from '../types';
import { DialogBody } from './dialogBody';

class PromptBody extends DialogBody implements Dialog.IBodyWidget<string> {
  constructor(
    private readonly _prompt: IPrompt,
    private readonly _trans: TranslationBundle
  ) {
    super();
  }

  /** What stands in the field; a yes needs none. */
  getValue(): string {
    return this.node.querySelector('input')?.value ?? 'yes';
  }

  protected render(): JSX.Element {
    return <PromptForm prompt={this._prompt} trans={this._trans} />;
  }
}

/**
 * Offer to keep an answer, and say where.
 */
export function keepLabel(place: string, trans: TranslationBundle): string {
  return place === 'keyring'
    ? trans.__('Keep it (in the system keyring)')
    : trans.__('Keep it (in a file that only you can read)');
}

function keepCaption(place: string, trans: TranslationBundle): string {
  return place === 'keyring'
    ? trans.__('On the machine where Jupyter runs')
    : trans.__('As plain text in %1, on the machine where Jupyter runs', place);
}

/**
 * Make the dialog for a question.
 */
export function promptDialog(
  prompt: IPrompt,
  trans: TranslationBundle
): Dialog<string> {
  const isConfirm = prompt.type === 'confirm';
  return new Dialog<string>({
    title: isConfirm ? trans.__('Please confirm') : trans.__('Please answer'),
    body: new PromptBody(prompt, trans),
    focusNodeSelector: 'input',
    // Whoever types elsewhere when it comes up must not trust a machine by a stroke of Enter.
    defaultButton: isConfirm ? 0 : 1,
    checkbox: prompt.can_keep
      ? {
          label: keepLabel(prompt.keep_in, trans),
          caption: keepCaption(prompt.keep_in, trans),
          checked: false
        }
      : null,
    buttons: [
      Dialog.cancelButton({
        label: isConfirm ? trans.__('No') : trans.__('Decline'),
        actions: ['decline']
      }),
      Dialog.okButton({
        label: isConfirm ? trans.__('Yes') : trans.__('Answer')
      })
    ]
  });
}

/**
 * What a dialog's result says; `null` when it was only closed, and the question stays open.
 */
export function promptAnswer(
  result: Dialog.IResult<string>
): IPromptAnswer | null {
  if (result.button.accept) {
    return { answer: result.value ?? '', keep: result.isChecked ?? false };
  }
  return result.button.actions.includes('decline') ? { answer: null } : null;
}
