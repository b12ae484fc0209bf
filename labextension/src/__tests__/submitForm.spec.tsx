import { nullTranslator } from '@jupyterlab/translation';
import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { CellRun, type ICellRunProps } from '../components/CellRun';
import { SubmitForm, type ISubmitFormProps } from '../components/SubmitForm';
import { SubmitPreview } from '../components/SubmitPreview';
import { emptyDraft } from '../model/draft';
import type { IPreview, IRunLine, ITarget } from '../types';

const trans = nullTranslator.load('jupyter_compute');

const PREVIEW: IPreview = {
  source: '/root/work',
  files: 12,
  bytes: 400e6,
  largest: [{ path: 'data/', files: 3, bytes: 399e6 }],
  excluded: [
    { path: 'a.tmp', source: '.gitignore', line: 2, pattern: '*.tmp' }
  ],
  limit_bytes: 300e6,
  suggestions: ['/data/']
};

function previewProps(part: Partial<ISubmitFormProps['preview']> = {}) {
  return {
    found: PREVIEW,
    tree: null,
    secrets: [],
    isTooLarge: false,
    isLoading: false,
    error: null,
    refusal: null,
    explanation: null,
    ignored: null,
    onRetry: () => undefined,
    onLoadTree: () => undefined,
    onExplain: () => undefined,
    onIgnore: () => undefined,
    ...part
  };
}

function Form(part: Partial<ISubmitFormProps>): JSX.Element {
  const subject = part.subject ?? { type: 'script', path: 'work/train.py' };
  const [draft, setDraft] = useState(emptyDraft(subject.path));
  return (
    <SubmitForm
      trans={trans}
      draft={draft}
      targets={[]}
      environmentFiles={[]}
      defaultEnvironment="default"
      problems={{}}
      error={null}
      isSending={false}
      notice=""
      preview={previewProps()}
      onChange={change => setDraft(before => ({ ...before, ...change }))}
      {...part}
      subject={subject}
    />
  );
}

describe('the form of a submit', () => {
  it('names targets with how busy they are, and says how the chosen one is', () => {
    const local = {
      name: 'local',
      kind: 'local',
      active: { running: 1, queued: 2 },
      info: null,
      error: { error: 'E', message: 'no answer', hint: 'look there' },
      checked: null
    } as unknown as ITarget;
    render(<Form targets={[local]} />);
    const target = screen.getByLabelText('Target');
    expect(target.textContent).toBe('local (1 running, 2 waiting)');
    expect(screen.getByText('no answer – look there')).toBeTruthy();
  });

  it('offers arguments for a script and fields for a notebook’s parameters', async () => {
    const { unmount } = render(<Form />);
    await userEvent.type(screen.getByLabelText('Arguments'), '--x');
    expect(screen.getByDisplayValue('--x')).toBeTruthy();
    unmount();
    const flag = { name: 'flag', source: 'True', text: 'true', help: '' };
    const when = { name: 'when', source: 'now()', text: '', help: 'the hour' };
    render(
      <Form
        subject={{
          type: 'notebook',
          path: 'b.ipynb',
          parameters: [
            { ...flag, type: 'bool' },
            { ...when, type: 'any' }
          ]
        }}
      />
    );
    expect(screen.queryByLabelText('Arguments')).toBeNull();
    await userEvent.selectOptions(screen.getByLabelText('flag'), 'false');
    expect(screen.getByDisplayValue('false')).toBeTruthy();
    expect(screen.getByLabelText('when')).toHaveProperty(
      'placeholder',
      'now()'
    );
    expect(screen.getByText('the hour')).toBeTruthy();
  });

  it('ties what is wrong to its field', () => {
    render(<Form problems={{ timeLimit: 'no time', 'secrets:0': 'where?' }} />);
    const field = screen.getByLabelText('Time limit');
    expect(field.getAttribute('aria-invalid')).toBe('true');
    const note = document.getElementById(
      field.getAttribute('aria-describedby') ?? ''
    );
    expect(note?.textContent).toBe('no time');
  });

  it('adds and removes rows, and goes on typing in a new one', async () => {
    render(<Form />);
    await userEvent.click(screen.getByText('Add tag'));
    await userEvent.keyboard('who');
    const name = screen.getByLabelText('Tags: name 1');
    expect(name).toHaveProperty('value', 'who');
    await userEvent.click(screen.getByLabelText('Remove who'));
    expect(screen.queryByLabelText('Tags: name 1')).toBeNull();
  });

  it('lets the environment be a file, packages, a Python or an image', async () => {
    render(<Form environmentFiles={['requirements.txt']} />);
    const choice = screen.getByLabelText('Environment');
    await userEvent.selectOptions(choice, 'requirements.txt');
    expect(choice).toHaveProperty('value', 'file:requirements.txt');
    await userEvent.selectOptions(choice, 'packages');
    await userEvent.type(screen.getByLabelText('Packages'), 'numpy');
    expect(screen.getByDisplayValue('numpy')).toBeTruthy();
  });
});

describe('the preview of a snapshot', () => {
  it('lists what is largest with a way to leave it out when it is too large', async () => {
    const left: string[] = [];
    render(
      <SubmitPreview
        trans={trans}
        {...previewProps({
          isTooLarge: true,
          onIgnore: path => left.push(path)
        })}
      />
    );
    expect(screen.getByRole('alert').textContent).toContain('too large');
    expect(screen.getByRole('meter').getAttribute('aria-valuetext')).toBe(
      '400 MB of 300 MB'
    );
    const list = screen.getByRole('list', { name: /Largest/ });
    await userEvent.click(within(list).getByRole('button'));
    expect(left).toEqual(['data/']);
  });

  it('names the rule that decides', () => {
    const [rule] = PREVIEW.excluded;
    const explanation = { path: 'a.tmp', is_included: false, rule };
    render(<SubmitPreview trans={trans} {...previewProps({ explanation })} />);
    expect(
      screen.getByText('a.tmp is left out (.gitignore, line 2: *.tmp).')
    ).toBeTruthy();
    expect(screen.getByText('1 thing is left out')).toBeTruthy();
  });
});

describe('a cell’s run', () => {
  const run = {
    id: 'r1',
    name: 'book',
    target: 'local',
    state: 'running',
    reason: 'sending its files',
    error: '',
    created: 1,
    started: 2,
    ended: null,
    cancel_requested: null
  } as IRunLine;
  const pressed: string[] = [];
  const props: ICellRunProps = {
    trans,
    run,
    progress: { t: 1, fraction: 0.25, label: 'epoch 1' },
    isStale: false,
    onOpen: () => pressed.push('open'),
    onCancel: () => pressed.push('cancel'),
    onDismiss: () => pressed.push('hide')
  };

  it('says how it stands, and can be opened, ended and hidden', async () => {
    render(<CellRun {...props} />);
    expect(screen.getByText('running')).toBeTruthy();
    expect(screen.getByText('sending its files')).toBeTruthy();
    expect(screen.getByText(/25%/).textContent).toContain('epoch 1');
    for (const name of [/^Open/, /^Cancel/, /^Hide/]) {
      await userEvent.click(screen.getByRole('button', { name }));
    }
    expect(pressed).toEqual(['open', 'cancel', 'hide']);
  });

  it('can be ended only once, and not when it is over', () => {
    const { rerender } = render(
      <CellRun {...props} run={{ ...run, cancel_requested: 3 }} />
    );
    expect(screen.getByText('Ending…')).toHaveProperty('disabled', true);
    rerender(
      <CellRun
        {...props}
        isStale
        run={{ ...run, state: 'failed', error: 'KeyError', ended: 9 }}
      />
    );
    expect(screen.queryByRole('button', { name: /^Cancel/ })).toBeNull();
    expect(screen.getByText('KeyError')).toBeTruthy();
    expect(screen.getByText('edited since')).toBeTruthy();
  });
});
