import { RunList } from '../model/runList';
import { RunSelection } from '../model/runSelection';
import { FakeRuns } from './runListFakes';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

async function listing(count: number, first = 0) {
  const server = new FakeRuns(count);
  const list = new RunList(server.api, server.changes);
  list.look({ first, last: first + 10 });
  await jest.advanceTimersByTimeAsync(0);
  return { server, list };
}

/** Long enough for changes to be gathered and asked for. */
const settled = () => jest.advanceTimersByTimeAsync(500);

describe('the list of runs', () => {
  it('asks only for what is looked at, and a little beyond', async () => {
    const { server, list } = await listing(100_000);
    expect(list.total).toBe(100_000);
    expect(list.row(0)?.id).toBe('r100000');
    list.look({ first: 50_000, last: 50_010 });
    await settled();
    expect(list.row(50_005)?.id).toBe('r49995');
    expect(list.row(30_000)).toBeUndefined();
    expect(server.offsets).toEqual([0, 49_900, 50_000]);
  });

  it('asks for nothing while nobody looks', async () => {
    const server = new FakeRuns(10);
    const list = new RunList(server.api, server.changes);
    server.add('new');
    await settled();
    expect(server.asked).toEqual([]);
    list.look({ first: 0, last: 5 });
    list.look(null);
    server.add('newer');
    await settled();
    expect(server.asked).toHaveLength(1);
    list.look({ first: 0, last: 5 });
    await settled();
    expect(list.row(0)?.id).toBe('newer');
  });

  it('gives up what somebody has scrolled past', async () => {
    const { server, list } = await listing(10_000);
    server.isHeld = true;
    list.look({ first: 5050, last: 5060 });
    await settled();
    list.look({ first: 9050, last: 9060 });
    await settled();
    const [past, there] = server.asked.slice(-2);
    expect(past.query.offset).toBe(5000);
    expect(past.signal?.aborted).toBe(true);
    expect(there.signal?.aborted).toBe(false);
    server.answer();
    await settled();
    expect(list.row(5055)).toBeUndefined();
    expect(list.row(9055)?.id).toBe('r945');
    expect(list.error).toBeNull();
  });

  it('keeps a limited number of rows', async () => {
    const { list } = await listing(10_000);
    for (let first = 0; first < 10_000; first += 100) {
      list.look({ first, last: first + 50 });
      await jest.advanceTimersByTimeAsync(50);
    }
    expect(list.row(0)).toBeUndefined();
    expect(list.row(9900)).toBeDefined();
  });

  it('changes a row in its place at once, and asks for the rest of it', async () => {
    const { server, list } = await listing(10);
    server.rows[3] = { ...server.rows[3], state: 'failed', exit_code: 1 };
    const id = server.rows[3].id;
    server.tell({
      what: 'run',
      run_id: id,
      state: 'failed',
      reason: 'exit code 1'
    });
    expect(list.row(3)).toMatchObject({
      state: 'failed',
      error: 'exit code 1',
      exit_code: null
    });
    await settled();
    expect(list.row(3)).toMatchObject({ exit_code: 1 });
    expect(server.asked).toHaveLength(2);
  });

  it('answers a flock of changes with one question', async () => {
    const { server, list } = await listing(10);
    server.add('a', 'b', 'c', 'd');
    await settled();
    expect(list.row(0)?.id).toBe('d');
    expect(list.total).toBe(14);
    expect(server.asked).toHaveLength(2);
  });

  it('asks again when messages were lost', async () => {
    const { server, list } = await listing(10);
    server.tell({ what: 'data' });
    server.rows.pop();
    server.skip();
    server.tell({ what: 'data' });
    await settled();
    expect(list.total).toBe(9);
  });

  it('says how far what is looked at has moved when runs come in above', async () => {
    const { server, list } = await listing(1000, 500);
    const moves: number[] = [];
    list.moved.connect((_, by) => moves.push(by));
    const seen = list.row(500)?.id ?? '';
    server.add('a', 'b', 'c');
    await settled();
    expect(moves).toEqual([3]);
    expect(list.indexOf(seen)).toBe(503);
  });

  it('finds what is looked at when more runs come in than a page holds', async () => {
    const { server, list } = await listing(1000, 500);
    const moves: number[] = [];
    list.moved.connect((_, by) => moves.push(by));
    const seen = list.row(500)?.id ?? '';
    server.add(...Array.from({ length: 450 }, (_, number) => `new-${number}`));
    await settled();
    expect(moves).toEqual([450]);
    expect(list.row(950)?.id).toBe(seen);
  });

  it('moves up when runs above are deleted, and stays at the top when it is there', async () => {
    const { server, list } = await listing(1000, 500);
    const moves: number[] = [];
    list.moved.connect((_, by) => moves.push(by));
    server.delete('r1000');
    server.delete('r999');
    await settled();
    expect(moves).toEqual([-2]);
    list.look({ first: 0, last: 10 });
    await settled();
    server.add('new');
    await settled();
    expect(moves).toEqual([-2]);
    expect(list.row(0)?.id).toBe('new');
  });

  it('forgets its rows for another filter, and the answers to the one before', async () => {
    const { server, list } = await listing(300);
    server.isHeld = true;
    void list.refresh();
    list.setFilter({ text: 'r30', state: [], target: '' });
    expect(list.filter).toEqual({ text: 'r30' });
    expect(list.total).toBeNull();
    server.answer();
    await settled();
    expect(list.total).toBe(2);
    expect(list.row(1)?.id).toBe('r30');
  });

  it('says what is wrong, keeps what it has, and recovers', async () => {
    const { server, list } = await listing(10);
    server.error = new Error('the disk is full');
    await list.refresh();
    expect(list.error?.message).toBe('the disk is full');
    expect(list.row(0)).toBeDefined();
    server.error = null;
    await list.refresh();
    expect(list.error).toBeNull();
  });

  it('knows names that were seen', async () => {
    const { list } = await listing(3);
    expect(list.known('experiment')).toEqual(['work']);
    expect(list.known('notebook')).toEqual([]);
  });
});

describe('the selection', () => {
  async function selecting(count: number) {
    const { server, list } = await listing(count);
    const selection = new RunSelection(list, server.changes);
    const ids = () => selection.runs.map(({ id }) => id);
    return { server, list, selection, ids };
  }

  it('is one run, several ones, or a range', async () => {
    const { selection, ids } = await selecting(9);
    void selection.choose(2);
    expect(ids()).toEqual(['r7']);
    void selection.choose(5, 'toggle');
    expect(ids()).toEqual(['r7', 'r4']);
    void selection.choose(7, 'extend');
    expect(ids()).toEqual(['r4', 'r3', 'r2']);
    void selection.choose(4, 'extend');
    expect(ids()).toEqual(['r5', 'r4']);
    void selection.choose(4, 'toggle');
    expect(ids()).toEqual(['r4']);
    void selection.choose(0, 'visit');
    expect(ids()).toEqual(['r4']);
    expect(selection.active).toBe(0);
  });

  it('reaches runs that are not here yet', async () => {
    const { selection, ids } = await selecting(5000);
    await selection.choose(4999);
    expect(ids()).toEqual(['r1']);
    void selection.choose(10);
    await selection.choose(300, 'extend');
    expect(ids()).toHaveLength(291);
    expect(ids().at(-1)).toBe('r4700');
  });

  it('follows its runs when others come in above', async () => {
    const { server, selection, ids } = await selecting(10);
    void selection.choose(2);
    server.add('new');
    await settled();
    expect(ids()).toEqual(['r8']);
    expect(selection.active).toBe(3);
    void selection.choose(4, 'extend');
    expect(ids()).toEqual(['r8', 'r7']);
  });

  it('loses what is deleted, learns what changes, and ends with the filter', async () => {
    const { server, list, selection, ids } = await selecting(10);
    void selection.choose(2);
    void selection.choose(4, 'extend');
    server.delete('r7');
    expect(ids()).toEqual(['r8', 'r6']);
    server.tell({ what: 'run', run_id: 'r6', state: 'canceled' });
    expect(selection.runs[1].state).toBe('canceled');
    list.setFilter({ text: 'x' });
    expect(ids()).toEqual([]);
    expect(selection.active).toBe(-1);
  });
});
