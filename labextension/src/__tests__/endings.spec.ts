import { nullTranslator } from '@jupyterlab/translation';
import { Claims } from '../model/claims';
import { Endings, type IEnding } from '../model/endings';
import { isWanted, tell } from '../model/telling';
import { FakeLedger, FakeWorkspace } from './ambientFakes';

const trans = nullTranslator.load('jupyter_compute');

function ending(id: string, state: IEnding['state'], reason = ''): IEnding {
  return { id, name: id, target: 'local', state, reason, attempt: 1 };
}

describe('the ends of runs', () => {
  let workspace: FakeWorkspace;
  let heard: string[][];

  beforeEach(() => {
    jest.useFakeTimers();
    workspace = new FakeWorkspace();
    heard = [];
    const { api, changes, status } = workspace;
    new Endings(api, changes, status).ended.connect((_, ended) =>
      heard.push(ended.map(one => `${one.id} ${one.state}`))
    );
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  const pass = (): Promise<void> => jest.advanceTimersByTimeAsync(1_000);

  it('that come together are told together', async () => {
    workspace.tell('a', 'running');
    workspace.tell('b', 'queued');
    workspace.tell('a', 'completed');
    await jest.advanceTimersByTimeAsync(500);
    workspace.tell('b', 'failed');
    await pass();
    expect(heard).toEqual([['a completed', 'b failed']]);
  });

  it('of runs that were over before the page was open are not told', async () => {
    workspace.put('old', 'completed');
    await workspace.status.refresh();
    workspace.tell('old', 'completed');
    await pass();
    expect(heard).toEqual([]);
  });

  it('are found when the bus did not tell them', async () => {
    workspace.put('a', 'running');
    await workspace.status.refresh();
    workspace.put('a', 'failed');
    workspace.changes.catchUp();
    await pass();
    expect(heard).toEqual([['a failed']]);
  });

  it('are told once when an answer from before the end comes after it', async () => {
    workspace.tell('a', 'running');
    await pass();
    const before = workspace.status.refresh();
    workspace.tell('a', 'completed');
    workspace.put('a', 'running');
    await before;
    workspace.put('a', 'completed');
    await workspace.status.refresh();
    await pass();
    expect(heard).toEqual([['a completed']]);
  });

  it('are told again when a run was begun anew', async () => {
    workspace.tell('a', 'running');
    workspace.tell('a', 'failed');
    await pass();
    workspace.tell('a', 'queued', { attempt: 2 });
    workspace.tell('a', 'completed', { attempt: 2 });
    await pass();
    expect(heard).toEqual([['a failed'], ['a completed']]);
  });

  it('are not told of runs that were deleted', async () => {
    workspace.tell('a', 'running');
    workspace.delete('a');
    await workspace.status.refresh();
    await pass();
    expect(heard).toEqual([]);
  });

  it('are not looked for one by one when there are more active runs than are listed', async () => {
    for (let i = 0; i < 300; i++) {
      workspace.put(`run${i}`, 'queued');
    }
    await workspace.status.refresh();
    workspace.tell('run299', 'running');
    await pass();
    workspace.tell('run299', 'completed');
    await pass();
    expect(heard).toEqual([['run299 completed']]);
  });
});

describe('what is said', () => {
  it('names one run and why it failed', () => {
    const told = tell([ending('train', 'failed', 'OOMKilled')], trans);
    expect(told).toEqual({
      message: 'train failed on local: OOMKilled',
      type: 'error',
      autoClose: false
    });
  });

  it('counts several, and goes away by itself when all is well', () => {
    const good = [ending('a', 'completed'), ending('b', 'completed')];
    expect(tell(good, trans).message).toBe('2 runs ended: 2 completed');
    expect(tell(good, trans).autoClose).toBeGreaterThan(0);
    const mixed = [...good, ending('c', 'failed'), ending('d', 'canceled')];
    expect(tell(mixed, trans)).toEqual({
      message: '4 runs ended: 2 completed, 1 failed, 1 canceled',
      type: 'error',
      autoClose: false
    });
  });

  it('fits, however long the reason is', () => {
    const told = tell([ending('train', 'failed', 'x'.repeat(500))], trans);
    expect(told.message.length).toBeLessThan(140);
  });

  it('is what the user wants to hear', () => {
    const good = ending('a', 'completed');
    const bad = ending('b', 'failed');
    expect([good, bad].map(one => isWanted(one, 'all'))).toEqual([true, true]);
    expect([good, bad].map(one => isWanted(one, 'failures'))).toEqual([
      false,
      true
    ]);
    expect([good, bad].map(one => isWanted(one, 'none'))).toEqual([
      false,
      false
    ]);
  });
});

describe('a claim', () => {
  it('is given to one tab, and to the one that is looked at first', async () => {
    jest.useFakeTimers();
    const ledger = new FakeLedger();
    const hidden = new Claims(ledger, () => true);
    const seen = new Claims(ledger, () => false);
    const answers = Promise.all([
      hidden.claim(['a', 'b']),
      seen.claim(['a']),
      seen.claim(['a'])
    ]);
    await jest.advanceTimersByTimeAsync(3_000);
    expect(await answers).toEqual([['b'], ['a'], []]);
    jest.useRealTimers();
  });

  it('is given to all where the browser keeps nothing', async () => {
    const refuse = (): Promise<string[]> => Promise.reject(new Error('no'));
    const claims = new Claims({ enter: refuse }, () => false);
    expect(await claims.claim(['a'])).toEqual(['a']);
    const nowhere = new Claims(undefined, () => false);
    expect(await nowhere.claim(['a'])).toEqual(['a']);
  });
});
