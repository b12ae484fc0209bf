import type { Dialog } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';
import { act, render, screen } from '@testing-library/react';
import { PromptForm } from '../components/PromptForm';
import { promptAnswer, promptDialog } from '../plugins/promptDialog';
import type { IPrompt, IPromptAnswer } from '../types';

// What jsdom lacks.
Object.assign(globalThis, { requestIdleCallback: setTimeout });

const trans = nullTranslator.load('jupyter_compute');

function makePrompt(part: Partial<IPrompt> = {}): IPrompt {
  return {
    id: 'a',
    target: 'gpu1',
    type: 'secret',
    message: 'Password for ann@gpu1',
    created: 1,
    can_keep: false,
    keep_in: '',
    again: false,
    ...part
  };
}

/** Open the dialog, let a person act, and return what they have said. */
async function ask(
  prompt: IPrompt,
  person: (node: HTMLElement) => void
): Promise<IPromptAnswer | null> {
  const dialog = promptDialog(prompt, trans);
  let result: Promise<Dialog.IResult<string>>;
  await act(async () => {
    result = dialog.launch();
    await dialog.ready;
  });
  act(() => person(dialog.node));
  return act(async () => {
    dialog.resolve();
    return promptAnswer(await result);
  });
}

function type(node: HTMLElement, text: string): void {
  const field = node.querySelector<HTMLInputElement>('input[type=password]');
  (field as HTMLInputElement).value = text;
}

function box(node: HTMLElement): HTMLInputElement | null {
  return node.querySelector('input[type=checkbox]');
}

describe('the dialog of a question', () => {
  it('keeps no answer unless that is ticked', async () => {
    const prompt = makePrompt({ can_keep: true, keep_in: 'keyring' });
    const answer = await ask(prompt, node => {
      expect(node.textContent).toContain('Keep it (in the system keyring)');
      expect(box(node)?.checked).toBe(false);
      type(node, 's');
    });
    expect(answer).toEqual({ answer: 's', keep: false });
  });

  it('keeps an answer if that is ticked, and says where', async () => {
    const prompt = makePrompt({ can_keep: true, keep_in: '/home/ann/kept' });
    const answer = await ask(prompt, node => {
      expect(node.textContent).toContain(
        'Keep it (in a file that only you can read)'
      );
      expect(node.innerHTML).toContain('As plain text in /home/ann/kept');
      box(node)?.click();
      type(node, 's');
    });
    expect(answer).toEqual({ answer: 's', keep: true });
  });

  it('does not offer to keep what cannot be kept', async () => {
    const answer = await ask(makePrompt({ type: 'text' }), node => {
      expect(box(node)).toBeNull();
    });
    expect(answer).toEqual({ answer: '', keep: false });
  });

  it('says that the last answer was not accepted', () => {
    const { rerender } = render(
      <PromptForm prompt={makePrompt()} trans={trans} />
    );
    expect(screen.queryByRole('alert')).toBeNull();
    rerender(<PromptForm prompt={makePrompt({ again: true })} trans={trans} />);
    expect(screen.getByRole('alert').textContent).toMatch(/not accepted/);
  });
});
