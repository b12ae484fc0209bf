import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { AttachChecked } from '../components/AttachChecked';
import { AttachKinds } from '../components/AttachKinds';
import { OptionForm } from '../components/OptionForm';
import { TargetList, type ITargetListProps } from '../components/TargetList';
import { TargetPage, type ITargetPageProps } from '../components/TargetPage';
import { readForm } from '../model/optionForm';
import { validator } from '../model/optionProblems';
import { targetState } from '../model/targetStates';
import type { ITarget } from '../types';
import {
  makeChecked,
  makeInfo,
  makeKind,
  makeTarget,
  trans
} from './targetFakes';

const unreachable = {
  error: 'TargetUnreachableError',
  message: 'there is no way to gpu1:22',
  hint: 'is it switched on?'
};
const warning = { message: 'the disk is full', remedy: 'gc', fatal: false };

function list(
  targets: ITarget[] | null,
  part: Partial<ITargetListProps> = {}
): string[] {
  const done: string[] = [];
  const note = (what: string) => (name?: string) =>
    void done.push(typeof name === 'string' ? `${what} ${name}` : what);
  render(
    <TargetList
      targets={targets}
      kinds={[makeKind()]}
      checking={new Set()}
      asking={new Set()}
      error={null}
      trans={trans}
      onAttach={note('attach')}
      onRetry={note('retry')}
      onOpen={note('open')}
      onCheck={note('check')}
      onMore={note('more')}
      onDrag={note('drag')}
      onAnswer={note('answer')}
      {...part}
    />
  );
  return done;
}

describe('the state of a target', () => {
  it.each([
    ['checking', makeTarget({ error: unreachable }), true],
    ['unchecked', makeTarget(), false],
    ['ready', makeTarget({ info: makeInfo() }), false],
    ['warned', makeTarget({ info: makeInfo({ problems: [warning] }) }), false],
    [
      'problems',
      makeTarget({
        info: makeInfo({ problems: [{ ...warning, fatal: true }] })
      }),
      false
    ],
    ['unreachable', makeTarget({ info: makeInfo(), error: unreachable }), false]
  ])('is %s', (state, target, isChecking) => {
    expect(targetState(target, isChecking)).toBe(state);
  });
});

describe('the list of targets', () => {
  it('says of each what it is, how it is and how busy it is', () => {
    list([makeTarget({ info: makeInfo(), active: { running: 2, queued: 3 } })]);
    const item = within(screen.getByRole('listitem'));
    expect(item.getByText('A machine by SSH')).toBeTruthy();
    expect(item.getByText('ready')).toBeTruthy();
    expect(item.getByText('2 of 4 in use, 3 waiting')).toBeTruthy();
  });

  it('shows what is wrong, with the remedy', () => {
    list([makeTarget({ error: unreachable })]);
    expect(screen.getByText('cannot be reached')).toBeTruthy();
    expect(screen.getByText('1 thing to look at')).toBeTruthy();
    expect(screen.getByText('is it switched on?')).toBeTruthy();
  });

  it('does what its buttons say', async () => {
    const done = list([makeTarget()], { asking: new Set(['gpu1']) });
    const press = (name: string) =>
      userEvent.click(screen.getByRole('button', { name }));
    await press('gpu1');
    await press('Check gpu1 now');
    await press('More for gpu1');
    await press('gpu1 asks you something…');
    expect(done).toEqual([
      'open gpu1',
      'check gpu1',
      'more gpu1',
      'answer gpu1'
    ]);
  });

  it('says what to do while there is only this machine', async () => {
    const done = list([makeTarget({ name: 'local', kind: 'local' })]);
    await userEvent.click(
      screen.getByRole('button', { name: 'Attach a target…' })
    );
    expect(done).toEqual(['attach']);
  });

  it('shows a failure with a way to try again, and no loading beside it', async () => {
    const done = list(null, { error: unreachable });
    expect(screen.queryByText('Loading…')).toBeNull();
    await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(done).toEqual(['retry']);
  });
});

describe('the page of a target', () => {
  const nothing = () => undefined;

  function page(part: Partial<ITargetPageProps>): void {
    render(
      <TargetPage
        name="gpu1"
        target={makeTarget()}
        kind="A machine by SSH"
        isLoading={false}
        isChecking={false}
        isAsking={false}
        error={null}
        runs={{
          runs: [],
          total: 0,
          error: null,
          onOpen: nothing,
          onShowAll: nothing,
          onRetry: nothing
        }}
        trans={trans}
        onCheck={nothing}
        onEdit={nothing}
        onDetach={nothing}
        onCopy={nothing}
        onInsert={nothing}
        onAnswer={nothing}
        onManage={nothing}
        onRetry={nothing}
        {...part}
      />
    );
  }

  it('counts equal GPUs and shows every fact', () => {
    const gpus = ['A100', 'A100', 'T4'];
    page({
      target: makeTarget({ info: makeInfo({ gpus, facts: { uv: '0.9' } }) })
    });
    expect(screen.getByText('2 × A100, T4')).toBeTruthy();
    expect(screen.getByText('0.9')).toBeTruthy();
  });

  it('names the facts that are known in the language of the page', () => {
    const other: typeof trans = Object.create(trans, {
      _p: { value: (_: string, text: string) => `<${text}>` }
    });
    const facts = {
      'disk free': '3 GB',
      'partition gpu': '2 nodes',
      odd: 'one of another package'
    };
    page({ trans: other, target: makeTarget({ info: makeInfo({ facts }) }) });
    const names = screen.getAllByRole('term').map(node => node.textContent);
    expect(names).toEqual(
      expect.arrayContaining(['<disk free>', 'partition gpu', 'odd'])
    );
  });

  function managed(state: 'running' | 'done', done: string[]): void {
    page({
      target: makeTarget({
        actions: ['start', 'stop'],
        provisioning: { action: 'start', state, message: 'booting', since: 1 }
      }),
      onManage: action => done.push(action)
    });
  }

  it('offers what its kind can do', async () => {
    const done: string[] = [];
    managed('done', done);
    await userEvent.click(screen.getByRole('button', { name: 'Stop' }));
    expect(done).toEqual(['stop']);
  });

  it('says how it goes, and offers nothing else meanwhile', async () => {
    const done: string[] = [];
    managed('running', done);
    expect(screen.getByText('booting')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Stop' }));
    expect(done).toEqual([]);
  });

  it('says that its target is gone', () => {
    page({ target: undefined });
    expect(
      screen.getByText('There is no target named gpu1 any more.')
    ).toBeTruthy();
  });
});

describe('the form of options', () => {
  function form(
    problems: Record<string, string> = {},
    kept: ReadonlySet<string> = new Set()
  ): { data: Record<string, unknown>[]; touched: string[] } {
    const data: Record<string, unknown>[] = [];
    const touched: string[] = [];
    render(
      <OptionForm
        prefix="x"
        form={readForm(makeKind().options)}
        validator={validator}
        data={{ host: 'gpu1' }}
        problems={problems}
        kept={kept}
        trans={trans}
        onChange={changed => data.push(changed)}
        onTouch={name => touched.push(name)}
        onBrowse={async () => '/home/me/key'}
      />
    );
    return { data, touched };
  }

  it('has a label, a description and a default for each field', () => {
    form();
    const port = screen.getByLabelText('Port');
    const told = document.getElementById(
      port.getAttribute('aria-describedby')?.split(' ')[0] ?? ''
    );
    expect(told?.textContent).toBe('Where it listens. Default: 22.');
    expect(screen.getByRole('group', { name: 'Runs' })).toBeTruthy();
  });

  it('says what is wrong at the field', () => {
    form({ slots: 'It takes a whole number.' });
    const slots = screen.getByLabelText('Slots');
    expect(slots.getAttribute('aria-invalid')).toBe('true');
    expect(screen.getByText('It takes a whole number.')).toBeTruthy();
  });

  it('reads numbers, lists and pairs', async () => {
    const { data, touched } = form();
    await userEvent.type(screen.getByLabelText('Slots'), '3');
    expect(data.at(-1)?.slots).toBe(3);
    await userEvent.type(screen.getByLabelText('Modules'), 'cuda');
    expect(data.at(-1)?.modules).toEqual(['cuda']);
    await userEvent.type(screen.getByLabelText('Variables'), 'A=1');
    expect(data.at(-1)?.env).toEqual({ A: '1' });
    await userEvent.type(screen.getByLabelText('Variables'), '{enter}B');
    expect(data.at(-1)?.env).toEqual({ A: '1', B: null });
    await userEvent.type(screen.getByLabelText('Resources'), 'TPU=4');
    expect(data.at(-1)?.resources).toEqual({ TPU: 4 });
    expect(touched).toEqual(['slots', 'modules', 'env']);
  });

  it('never shows a secret, and can remove one that is set', async () => {
    const { data } = form({}, new Set(['password']));
    const field = screen.getByLabelText('Password');
    expect(field.getAttribute('type')).toBe('password');
    await userEvent.click(screen.getByRole('button', { name: 'Remove' }));
    expect(data.at(-1)?.password).toBe('');
  });

  it('takes a path that is chosen', async () => {
    const { data } = form();
    await userEvent.click(
      screen.getByRole('button', { name: 'Browse for Key' })
    );
    expect(data.at(-1)?.key).toBe('/home/me/key');
  });
});

describe('what stands around the options', () => {
  it('says why a kind cannot be chosen', () => {
    const error = { error: 'E', message: 'it needs boto3', hint: 'pip' };
    render(
      <AttachKinds
        kinds={[makeKind(), makeKind({ kind: 'aws', title: 'AWS', error })]}
        chosen="ssh"
        trans={trans}
        onChoose={() => undefined}
      />
    );
    const aws = screen.getByRole('radio', { name: /AWS/ });
    expect((aws as HTMLInputElement).disabled).toBe(true);
    expect(screen.getByText('it needs boto3')).toBeTruthy();
  });

  it.each([
    ['It works.', makeChecked()],
    [
      'It works, with something to look at.',
      makeChecked({ info: makeInfo({ problems: [warning] }) })
    ],
    ['It cannot be reached.', makeChecked({ info: null, error: unreachable })]
  ])('%s', (words, checked) => {
    render(
      <AttachChecked
        checked={checked}
        edited={null}
        isTesting={false}
        isOutdated={false}
        trans={trans}
        onCancel={() => undefined}
      />
    );
    expect(screen.getByRole('status').textContent).toBe(words);
  });
});
