import { nullTranslator } from '@jupyterlab/translation';
import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MetricPlots } from '../components/MetricPlots';
import { RunMetricsView } from '../components/RunMetricsView';
import type { IRunSeries } from '../model/metrics';
import type { Value } from '../types';

const trans = nullTranslator.load('jupyter_compute');

function of(runId: string, name: string, value: Value[]): IRunSeries {
  const step = value.map((_, place) => 10 * place);
  const series = { step, t: step, value };
  return { runId, runName: `run ${runId}`, name, series };
}

function show(...series: IRunSeries[]) {
  render(<MetricPlots series={series} trans={trans} />);
  return userEvent.setup();
}

describe('the plots of metrics', () => {
  it('say in words what they show', () => {
    show(of('a', 'loss', [3, 1, 'nan', 2]));
    const plot = screen.getByRole('figure', { name: 'loss' });
    const words =
      'last 2 · lowest 1 at step 10 · highest 3 at step 0 · 1 of 4 values is no number: a gap';
    expect(within(plot).getByText(words)).toBeDefined();
    expect(
      within(plot).getByRole('group', { name: /^Plot of loss\. run a: last 2/ })
    ).toBeDefined();
  });

  it('are tables, too', async () => {
    const user = show(of('a', 'loss', [3, 2, 'nan']));
    const button = screen.getByRole('button', { name: 'Table' });
    await user.click(button);
    expect(button.getAttribute('aria-pressed')).toBe('true');
    const rows = screen.getAllByRole('row').map(row => row.textContent);
    expect(rows[1]).toContain('20nan');
    expect(rows[3]).toContain('03');
  });

  it('have a table with the newest values, and earlier ones on demand', async () => {
    const many = Array.from({ length: 500 }, (_, place) => place / 7);
    const user = show(of('a', 'loss', many));
    await user.click(screen.getByText('Table'));
    expect(document.querySelectorAll('tbody tr')).toHaveLength(200);
    await user.click(screen.getByText('Show earlier values'));
    expect(document.querySelectorAll('tbody tr')).toHaveLength(500);
  });

  it('have a legend that hides a run in all of them', async () => {
    const user = show(
      of('a', 'loss', [1, 2]),
      of('b', 'loss', [3, 4]),
      of('a', 'acc', [1, 2]),
      of('b', 'acc', [3, 4])
    );
    const [first, second] = screen.getAllByRole('button', { name: 'run b' });
    expect(first.getAttribute('aria-pressed')).toBe('true');
    await user.click(first);
    expect(first.getAttribute('aria-pressed')).toBe('false');
    expect(second.getAttribute('aria-pressed')).toBe('false');
  });

  it('tell runs apart by the dash and the marker', () => {
    show(of('a', 'loss', [1, 2]), of('b', 'loss', [3, 4]));
    const marks = [...document.querySelectorAll('svg')].map(svg =>
      [...svg.querySelectorAll('path')].map(
        path =>
          `${path.getAttribute('stroke-dasharray')} ${path.getAttribute('d')}`
      )
    );
    expect(marks).toHaveLength(2);
    expect(marks[0][0]).not.toBe(marks[1][0]);
    expect(marks[0][1]).not.toBe(marks[1][1]);
  });

  it('leave metrics with one value or with text to a table', () => {
    show(
      of('a', 'loss', [1, 2]),
      of('a', 'accuracy', [0.912345]),
      of('b', 'accuracy', [0.5]),
      of('a', 'best', ['epoch 3', 'epoch 4'])
    );
    const rows = screen.getAllByRole('row').map(row => row.textContent);
    expect(rows).toEqual([
      'Metricrun arun b',
      'accuracy0.91230.5',
      'bestepoch 4–'
    ]);
    expect(screen.getAllByRole('figure')).toHaveLength(1);
  });

  it('can be found by name when they are many', async () => {
    const user = show(
      ...Array.from({ length: 9 }, (_, place) => of('a', `m${place}`, [1, 2]))
    );
    const field = screen.getByRole('searchbox', { name: 'Filter metrics' });
    await user.type(field, 'M7');
    expect(screen.getAllByRole('figure')).toHaveLength(1);
    await user.type(field, 'x');
    expect(screen.getByText('No metric has “M7x” in its name.')).toBeDefined();
  });

  it('say that a logarithmic scale has no place for what is not positive', async () => {
    const user = show(of('a', 'loss', [-1, 0]));
    await user.click(screen.getByRole('checkbox', { name: 'Logarithmic' }));
    expect(screen.getByText(/No value is positive/)).toBeDefined();
  });
});

describe('the metrics of a run', () => {
  const props = {
    series: [],
    others: null,
    othersError: null,
    beside: new Set<string>(),
    experiment: 'digits',
    isLive: true,
    onLoadOthers: () => undefined,
    onBeside: () => undefined,
    trans
  };

  it('that logged none come with the lines to log some', () => {
    render(<RunMetricsView {...props} />);
    expect(screen.getByText('The run has logged no metrics yet')).toBeDefined();
    expect(
      screen.getByText(/from jupyter_compute_run import log/)
    ).toBeDefined();
  });

  it('say that there is no other run to compare with', () => {
    render(
      <RunMetricsView {...props} series={[of('a', 'x', [1])]} others={[]} />
    );
    expect(
      screen.getByText('The experiment “digits” has no other runs.')
    ).toBeDefined();
  });
});
