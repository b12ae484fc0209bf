import { Comparison } from '../model/compare';
import { compareTable, onlyDifferences } from '../model/compareTable';
import { ComputeError } from '../request';
import type { IDifference, IRunDetails } from '../types';
import { aRun, details } from './runFixture';
import { FakeRuns } from './runListFakes';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const settled = () => jest.advanceTimersByTimeAsync(2000);

/** A server that knows some runs. */
class FakeServer extends FakeRuns {
  readonly known = new Map<string, IRunDetails>();
  readonly questions: string[] = [];

  readonly server = {
    run: async (id: string) => {
      this.questions.push(id);
      const found = this.known.get(id);
      if (!found) {
        throw new ComputeError(404, 'NotFoundError', `there is no run '${id}'`);
      }
      return found;
    },
    metrics: async (id: string) => ({
      metrics: { loss: { step: [0], t: [0], value: [id.length] } }
    }),
    diff: async (first: string, second: string) => {
      this.questions.push(`${first}..${second}`);
      return { first, second } as IDifference;
    }
  };
}

async function comparing(...ids: string[]) {
  const server = new FakeServer(0);
  ids.forEach(id => server.known.set(id, details({ id, name: `the ${id}` })));
  const comparison = new Comparison(server.server, server.changes, ids);
  comparison.show(true);
  await settled();
  return { server, comparison };
}

describe('a comparison', () => {
  it('reads all runs, their metrics, and how the files of the first two differ', async () => {
    const { comparison } = await comparing('a', 'b', 'c');
    expect(comparison.isLoaded).toBe(true);
    expect(comparison.runs.map(one => one.details.run.id)).toEqual([
      'a',
      'b',
      'c'
    ]);
    expect(comparison.series.map(one => one.runName)).toEqual([
      'the a (a)',
      'the b (b)',
      'the c (c)'
    ]);
    expect(comparison.difference).toEqual({ first: 'a', second: 'b' });
  });

  it('compares the files of the pair that was asked for last', async () => {
    const { comparison } = await comparing('a', 'b', 'c');
    comparison.setPair('b', 'c');
    comparison.setPair('a', 'c');
    await settled();
    expect(comparison.difference).toEqual({ first: 'a', second: 'c' });
  });

  it('reads only the run that changed', async () => {
    const { server, comparison } = await comparing('a', 'b');
    server.questions.length = 0;
    server.known.set('b', details({ id: 'b', state: 'completed' }));
    server.tell({ what: 'run', run_id: 'b', state: 'completed' });
    server.tell({ what: 'run', run_id: 'other', state: 'completed' });
    await settled();
    expect(server.questions).toEqual(['b']);
    expect(comparison.runs[1].details.run.state).toBe('completed');
  });

  it('asks for nothing while nobody looks, and then for what was missed', async () => {
    const { server, comparison } = await comparing('a', 'b');
    server.questions.length = 0;
    comparison.show(false);
    server.tell({ what: 'data', run_id: 'a' });
    server.tell({ what: 'data', run_id: 'a' });
    await settled();
    expect(server.questions).toEqual([]);
    comparison.show(true);
    await settled();
    expect(server.questions).toEqual(['a']);
  });

  it('says which runs were deleted, and goes on with the others', async () => {
    const { server, comparison } = await comparing('a', 'b', 'c');
    server.known.delete('b');
    server.tell({ what: 'deleted', run_id: 'b' });
    await settled();
    expect(comparison.deleted).toEqual(['b']);
    expect(comparison.runs).toHaveLength(2);
    expect(comparison.isLoaded).toBe(true);
  });
});

describe('the table of a comparison', () => {
  const first = details(
    { params: { lr: 0.1, depth: 3 }, tags: { fold: '1' } },
    { metrics: { loss: 0.5 } }
  );
  const second = details(
    { params: { lr: 0.2, depth: 3 }, tags: { fold: '1' } },
    { metrics: { loss: 0.5, acc: 1 } }
  );

  function rowsOf(runs: IRunDetails[], group: string) {
    const found = compareTable(runs).find(({ id }) => id === group);
    return Object.fromEntries(
      (found?.rows ?? []).map(({ name, differs }) => [name, differs])
    );
  }

  it('marks what differs, and what only some have', () => {
    expect(rowsOf([first, second], 'params')).toEqual({
      depth: false,
      lr: true
    });
    expect(rowsOf([first, second], 'metrics')).toEqual({
      acc: true,
      loss: false
    });
    expect(rowsOf([first, second], 'run')).toMatchObject({
      tags: false,
      state: false
    });
  });

  it('leaves out what none has', () => {
    expect(rowsOf([first, second], 'run')).not.toHaveProperty('commit');
    expect(rowsOf([first, second], 'run')).not.toHaveProperty('resources');
  });

  it('can be only of the differences', () => {
    const groups = onlyDifferences(compareTable([first, second]));
    expect(groups.map(({ rows }) => rows.length)).toEqual([0, 1, 1, 0]);
  });

  it('compares packages only when all runs have told theirs', () => {
    const facts = { ...aRun().facts, packages: { numpy: '2.0' } };
    const told = details({ facts });
    expect(rowsOf([told, first], 'environment')).not.toHaveProperty('numpy');
    expect(rowsOf([told, told], 'environment')).toHaveProperty('numpy', false);
  });
});
