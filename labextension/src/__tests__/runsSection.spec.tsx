import { nullTranslator } from '@jupyterlab/translation';
import { act, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { RunsSection, type IRunsSectionProps } from '../components/RunsSection';
import { cancelable, comparable } from '../model/runActions';
import { RunList } from '../model/runList';
import { RunSelection } from '../model/runSelection';
import { stopIcon } from '@jupyterlab/ui-components';
import { FakeRuns } from './runListFakes';

const trans = nullTranslator.load('jupyter_compute');

// A busy machine types slowly.
jest.setTimeout(60_000);

/** jsdom has no layout: every element is as large as a sidebar. */
beforeAll(() => {
  for (const [name, size] of [
    ['clientHeight', 420],
    ['clientWidth', 260],
    ['scrollHeight', 10_000]
  ] as const) {
    Object.defineProperty(Element.prototype, name, { value: size });
  }
  // It knows no `scrollTo` of elements either.
  Object.assign(HTMLElement.prototype, {
    scrollTo(this: HTMLElement, { top }: ScrollToOptions) {
      this.scrollTop = top ?? 0;
      queueMicrotask(() => this.dispatchEvent(new Event('scroll')));
    }
  });
});

async function shown(count: number, more: Partial<IRunsSectionProps> = {}) {
  const server = new FakeRuns(count);
  const list = new RunList(server.api, server.changes);
  const selection = new RunSelection(list, server.changes);
  const opened: string[] = [];
  const deleted = jest.fn();
  const done: [string, string[]][] = [];
  const action = (id: string, fits: typeof cancelable) => ({
    id,
    label: id,
    icon: stopIcon,
    fits,
    act: (runs: readonly { id: string }[]) =>
      void done.push([id, runs.map(run => run.id)])
  });
  render(
    <RunsSection
      list={list}
      selection={selection}
      counts={{ completed: count, queued: 2 }}
      targets={['local', 'gpu1']}
      actions={[action('Cancel', cancelable), action('Compare', comparable)]}
      firstSteps={[]}
      isShown
      trans={trans}
      onFilter={filter => list.setFilter(filter)}
      onOpen={id => opened.push(id)}
      onDelete={deleted}
      {...more}
    />
  );
  await act(() => list.refresh());
  const user = userEvent.setup();
  return { server, list, selection, opened, deleted, done, user };
}

const listbox = () => screen.getByRole('listbox', { name: 'Runs' });
const option = (name: RegExp) =>
  screen.findByRole('option', { name }, { timeout: 10_000 });
const selected = () =>
  within(listbox())
    .queryAllByRole('option', { selected: true })
    .map(one => one.getAttribute('aria-posinset'));

describe('the section of runs', () => {
  it('shows some of many rows, and says how many there are', async () => {
    await shown(50_000);
    expect(screen.getByText('50,000 runs')).toBeTruthy();
    const options = within(listbox()).getAllByRole('option');
    expect(options.length).toBeLessThan(40);
    expect(options[0].getAttribute('aria-setsize')).toBe('50000');
    expect(options[0].textContent).toContain('the r50000');
    expect(options[0].textContent).toContain('completed');
  });

  it('selects by mouse with Ctrl and Shift, and opens by a double click', async () => {
    const { user, opened } = await shown(9);
    await user.click(await option(/the r8/));
    expect(selected()).toEqual(['2']);
    await user.keyboard('{Control>}');
    await user.click(await option(/the r6/));
    await user.keyboard('{/Control}');
    expect(selected()).toEqual(['2', '4']);
    await user.keyboard('{Shift>}');
    await user.click(await option(/the r4/));
    await user.keyboard('{/Shift}');
    expect(selected()).toEqual(['4', '5', '6']);
    expect(screen.getByText('3 of 9 selected')).toBeTruthy();
    await user.dblClick(await option(/the r2/));
    expect(opened).toEqual(['r2']);
  });

  it('is all there for the keyboard', async () => {
    const { user, opened, deleted } = await shown(9);
    listbox().focus();
    await user.keyboard('{ArrowDown}{ArrowDown}');
    expect(selected()).toEqual(['2']);
    const active = listbox().getAttribute('aria-activedescendant');
    expect(document.getElementById(active ?? '')?.textContent).toContain(
      'the r8'
    );
    await user.keyboard('{Shift>}{ArrowDown}{/Shift}');
    expect(selected()).toEqual(['2', '3']);
    await user.keyboard('{Control>}{ArrowDown}{ArrowDown} {/Control}');
    expect(selected()).toEqual(['2', '3', '5']);
    await user.keyboard('{Enter}');
    expect(opened).toEqual(['r5']);
    await user.keyboard('{Delete}');
    expect(deleted).toHaveBeenCalledTimes(1);
    await user.keyboard('{Escape}');
    expect(selected()).toEqual([]);
    await user.keyboard('{End}');
    expect(selected()).toEqual(['9']);
    await user.keyboard('{Home}');
    expect(selected()).toEqual(['1']);
    await user.keyboard('{PageDown}');
    expect(selected()).toEqual(['9']);
  });

  it('does with the selected ones what can be done with them', async () => {
    const { server, user, done } = await shown(3);
    await act(async () => {
      server.add('new');
      await new Promise(resolve => setTimeout(resolve, 0));
    });
    const cancel = screen.getByRole('button', { name: /Cancel/ });
    expect(cancel).toHaveProperty('disabled', true);
    await user.click(await option(/the new/));
    await user.keyboard('{Shift>}');
    await user.click(await option(/the r2/));
    await user.keyboard('{/Shift}');
    await user.click(screen.getByRole('button', { name: 'Cancel (1)' }));
    await user.click(screen.getByRole('button', { name: 'Compare' }));
    expect(done).toEqual([
      ['Cancel', ['new']],
      ['Compare', ['new', 'r3', 'r2']]
    ]);
  });

  it('filters by words, states and targets, and lifts the filters again', async () => {
    const { server, list, user } = await shown(12);
    await user.type(screen.getByRole('searchbox'), 'the r12');
    expect(
      await screen.findByText('1 run', {}, { timeout: 10_000 })
    ).toBeTruthy();
    await user.click(screen.getByRole('button', { name: /active/ }));
    const chip = screen.getByRole('button', { name: /active 2/ });
    expect(chip.getAttribute('aria-pressed')).toBe('true');
    await user.click(screen.getByRole('button', { name: /More filters/ }));
    await user.selectOptions(screen.getByLabelText('Target'), 'gpu1');
    await user.selectOptions(screen.getByLabelText('Order'), 'name');
    await user.click(screen.getByRole('button', { name: /More filters/ }));
    expect(list.filter).toEqual({
      text: 'the r12',
      state: ['queued', 'preparing', 'running', 'finalizing'],
      target: 'gpu1',
      sort: '-name'
    });
    expect(server.asked.at(-1)?.query).toMatchObject(list.filter);
    await user.click(screen.getByRole('button', { name: /Lift.*gpu1/ }));
    expect(list.filter.target).toBeUndefined();
  });

  it('explains why it is empty, and what to do', async () => {
    const act = jest.fn();
    const { list, user } = await shown(0, {
      firstSteps: [{ label: 'Submit Notebook', act }]
    });
    expect(screen.getByText('Nothing has run yet.')).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Submit Notebook' }));
    expect(act).toHaveBeenCalled();
    await user.type(screen.getByRole('searchbox', { hidden: true }), 'x');
    await screen.findByText(
      'No run matches these filters.',
      {},
      { timeout: 10_000 }
    );
    await user.click(screen.getByRole('button', { name: 'Clear filters' }));
    expect(list.filter).toEqual({});
  });

  it('says what is wrong, and tries again', async () => {
    const { server, list, user } = await shown(2);
    server.error = new Error('the server does not answer');
    await act(() => list.refresh());
    expect(screen.getByRole('alert').textContent).toContain(
      'the server does not answer'
    );
    server.error = null;
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(screen.queryByRole('alert')).toBeNull();
  });
});
