import { nullTranslator } from '@jupyterlab/translation';
import { act, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { RunPage, type IRunPageProps } from '../components/RunPage';
import { TabList } from '../components/TabList';
import type { IFailure } from '../types';
import { details } from './runFixture';

const trans = nullTranslator.load('jupyter_compute');

const FAILURE: IFailure = {
  t: 1,
  ename: 'ZeroDivisionError',
  evalue: 'division by zero',
  traceback: ['the cell, line 5', '    helper(0)', '    return 1/x'],
  line: 2,
  file: 'x.py',
  source: 'return 1/x'
};

function show(extra: Partial<IRunPageProps> = {}) {
  const told: string[] = [];
  const props: IRunPageProps = {
    id: 'r1',
    details: details(),
    error: null,
    isDeleted: false,
    isShown: false,
    actions: [],
    trans,
    onRetry: () => told.push('retry'),
    onClose: () => told.push('close'),
    ...extra
  };
  render(<RunPage {...props} />);
  return { told, user: userEvent.setup() };
}

describe('the page of a run', () => {
  it('says its state in words, and that it is about to end', () => {
    show({ details: details({ cancel_requested: 1020 }) });
    expect(screen.getByText('running').closest('[role=status]')).not.toBeNull();
    expect(screen.getByText('(ending…)')).toBeDefined();
    expect(screen.getByRole('heading', { name: 'train' })).toBeDefined();
  });

  it('leads to the target', async () => {
    const opened: string[] = [];
    const { user } = show({ onOpenTarget: name => opened.push(name) });
    await user.click(screen.getByRole('button', { name: 'gpu1' }));
    expect(opened).toEqual(['gpu1']);
  });

  it('says what the run waits for', () => {
    show({
      details: details({ state: 'queued', reason: 'PENDING: Priority' })
    });
    expect(screen.getByText('PENDING: Priority')).toBeDefined();
  });

  it('says that silence of the target is no failure', () => {
    const reason = 'no answer since 12:03, retrying in 5 s: timed out';
    show({ details: details({ reason }) });
    expect(screen.getByText(reason)).toBeDefined();
    expect(screen.getByText(/may well go on/)).toBeDefined();
  });

  it('shows how far a live run is', () => {
    const progress = { t: 1, fraction: 0.423, label: 'epoch 4' };
    show({ details: details({}, { progress }) });
    const bar = screen.getByRole('progressbar', { name: 'Progress' });
    expect(bar.getAttribute('aria-valuenow')).toBe('42');
    expect(screen.getByText('epoch 4')).toBeDefined();
  });

  it('says why a run failed, and where in the user’s own code', async () => {
    const error = 'exit code 1: ZeroDivisionError: division by zero';
    const { user } = show({
      details: details({ state: 'failed', error }, { failure: FAILURE })
    });
    const why = within(screen.getByRole('region', { name: 'Why it ended' }));
    expect(why.getByText(error)).toBeDefined();
    expect(why.getByText('x.py, line 2')).toBeDefined();
    await user.click(why.getByText('Traceback'));
    expect(why.getByText('return 1/x', { selector: 'mark' })).toBeDefined();
  });

  it('leads to the log when nothing else says why', async () => {
    let isShown = false;
    const { user } = show({
      details: details({ state: 'failed', exit_code: 3 }),
      onShowLog: () => (isShown = true)
    });
    expect(screen.getByText('exit code 3')).toBeDefined();
    await user.click(screen.getByRole('button', { name: 'Show the log' }));
    expect(isShown).toBe(true);
  });

  it('offers what can be done, and not what cannot', async () => {
    const done: string[] = [];
    const action = (id: string, isEnabled: boolean) => ({
      id,
      label: id,
      isEnabled,
      act: () => done.push(id)
    });
    const { user } = show({
      actions: [action('Cancel', true), action('Rerun', false)]
    });
    await user.click(screen.getByRole('button', { name: 'Cancel' }));
    await user.click(screen.getByRole('button', { name: 'Rerun' }));
    expect(done).toEqual(['Cancel']);
  });

  it('says that it was deleted, and can be closed', async () => {
    const { told, user } = show({ isDeleted: true });
    expect(screen.getByText('The run “train” was deleted.')).toBeDefined();
    await user.click(screen.getByRole('button', { name: 'Close' }));
    expect(told).toEqual(['close']);
  });

  it('says that there is no such run', () => {
    show({ details: null, isDeleted: true });
    expect(screen.getByText('There is no run with the id “r1”.')).toBeDefined();
  });

  it('keeps what it knows beside an error, and tries again', async () => {
    const error = { error: 'NoAnswer', message: 'no answer', hint: '' };
    const { told, user } = show({ error });
    expect(screen.getByText('running')).toBeDefined();
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(told).toEqual(['retry']);
  });

  it('says that it looks before there is an answer', () => {
    show({ details: null });
    expect(screen.getByText('Looking up the run r1…')).toBeDefined();
  });

  it('has a clock that ticks while it is looked at', () => {
    jest.useFakeTimers();
    try {
      const started = Date.now() / 1000 - 100;
      show({ details: details({ started }), isShown: true });
      expect(screen.getAllByText('1 min 40 s').length).toBe(2);
      act(() => jest.advanceTimersByTime(5000));
      expect(screen.getAllByText('1 min 45 s').length).toBe(2);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('tabs', () => {
  function Tabs() {
    const [selected, setSelected] = useState('a');
    return (
      <TabList
        label="Parts"
        tabs={['a', 'b', 'c'].map(id => ({ id, label: id.toUpperCase() }))}
        selected={selected}
        panelId={id => `panel-${id}`}
        onSelect={setSelected}
      />
    );
  }

  const current = () => screen.getByRole('tab', { selected: true }).textContent;

  it('are gone through by arrows, from the last to the first', async () => {
    render(<Tabs />);
    const user = userEvent.setup();
    await user.tab();
    expect(document.activeElement?.textContent).toBe('A');
    await user.keyboard('{ArrowRight}');
    expect(current()).toBe('B');
    expect(document.activeElement?.textContent).toBe('B');
    await user.keyboard('{End}{ArrowRight}');
    expect(current()).toBe('A');
    await user.keyboard('{ArrowLeft}');
    expect(current()).toBe('C');
    await user.keyboard('{Home}');
    expect(current()).toBe('A');
  });
});
