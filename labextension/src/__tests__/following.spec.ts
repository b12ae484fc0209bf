import { Signal } from '@lumino/signaling';
import type { Api } from '../api';
import type { Changes } from '../model/changes';
import { RunFiles, addUp } from '../model/files';
import { RunResults } from '../model/results';
import { RunModel } from '../model/run';
import { RunMetrics } from '../model/runMetrics';
import { ComputeError } from '../request';
import type { IChange, IOutputFile, IRun, IRunLine, ISeries } from '../types';
import { details } from './runFixture';

/** Changes as the test tells them. */
class Told {
  readonly changed = new Signal<this, IChange>(this);
  readonly missed = new Signal<this, void>(this);

  say(what: IChange['what'], run_id = 'r1'): void {
    this.changed.emit({ seq: 1, time: 0, revision: 1, what, run_id });
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) {
    await Promise.resolve();
  }
}

function series(...value: number[]): ISeries {
  return { step: value.map(() => null), t: value.map(() => 1), value };
}

/** A server with a run whose facts the test changes. */
class Server {
  readonly asked: string[] = [];
  run: Partial<IRun> = { revision: 1 };
  metrics: Record<string, Record<string, ISeries>> = { r1: {} };
  outputs: IOutputFile[] = [];
  isDown = false;

  readonly told = new Told();
  readonly changes = this.told as unknown as Changes;
  readonly api = {
    run: async () => details(this.run),
    status: async () => ({ workspace: '/home/me/compute' }),
    metrics: async (id: string) => this._say(id, { metrics: this.metrics[id] }),
    outputs: async () => this._say('outputs', { outputs: this.outputs }),
    captured: async () =>
      this._say('captured', {
        tree: [
          { path: '', files: 2, bytes: 3 },
          { path: 'data.csv', files: 1, bytes: 1 },
          { path: 'train.py', files: 1, bytes: 2 }
        ]
      }),
    peek: async (_: string, of: string, path: string) =>
      this._say(`${of} ${path}`, { path, kind: 'text', text: 'x' }),
    displays: async () => this._say('displays', { displays: [] }),
    images: async () => ({
      images: [
        { name: 'a', path: 'results/1.png', step: 1 },
        { name: 'b', path: 'results/2.png', step: 1 },
        { name: 'a', path: 'results/3.png', step: 2 }
      ]
    }),
    tables: async () => ({ tables: {} }),
    lists: async () => ({ lists: {} }),
    variables: async () => ({ variables: {} }),
    runs: async () => ({
      runs: ['r3', 'r2', 'r1'].map(id => ({
        id,
        name: `run ${id}`
      })) as IRunLine[]
    })
  } as unknown as Api;

  readonly model = new RunModel(this.api, this.changes, 'r1');

  /** Change the run, and say so. */
  async change(run: Partial<IRun> = {}): Promise<void> {
    this.run = { ...this.run, ...run, revision: (this.run.revision ?? 0) + 1 };
    this.told.say('data');
    await settled();
  }

  private _say<T>(what: string, answer: T): T {
    this.asked.push(what);
    if (this.isDown) {
      throw new ComputeError(503, 'StoreError', 'the store is locked');
    }
    return answer;
  }
}

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['performance', 'queueMicrotask'] });
});

afterEach(() => {
  jest.useRealTimers();
});

/** Let the rest between two questions pass. */
async function rested(): Promise<void> {
  await settled();
  jest.runOnlyPendingTimers();
  await settled();
}

describe('what a run says', () => {
  it('is asked for only while somebody looks, and only when the run has changed', async () => {
    const server = new Server();
    const metrics = new RunMetrics(server.api, server.changes, server.model);
    await settled();
    expect(server.asked).toEqual([]);
    metrics.isActive = true;
    await settled();
    expect(server.asked).toEqual(['r1']);
    metrics.isActive = false;
    await server.change();
    expect(server.asked).toEqual(['r1']);
    metrics.isActive = true;
    await rested();
    expect(server.asked).toEqual(['r1', 'r1']);
    server.told.missed.emit();
    await rested();
    expect(server.asked).toEqual(['r1', 'r1']);
  });

  it('keeps what is known when the server says no, and says so', async () => {
    const server = new Server();
    server.metrics.r1 = { loss: series(1) };
    const metrics = new RunMetrics(server.api, server.changes, server.model);
    metrics.isActive = true;
    await settled();
    server.isDown = true;
    await server.change();
    await rested();
    expect(metrics.error?.message).toBe('the store is locked');
    expect(metrics.series).toHaveLength(1);
    server.isDown = false;
    await metrics.refresh();
    expect(metrics.error).toBeNull();
  });

  it('is not asked for any more when the tab is gone', async () => {
    const server = new Server();
    const metrics = new RunMetrics(server.api, server.changes, server.model);
    metrics.isActive = true;
    await settled();
    metrics.dispose();
    await server.change();
    await rested();
    expect(server.asked).toEqual(['r1']);
  });
});

describe('the metrics of a run', () => {
  it('keep a series that nothing was added to as the very same object', async () => {
    const server = new Server();
    server.metrics.r1 = { loss: series(1, 2), acc: series(1) };
    const metrics = new RunMetrics(server.api, server.changes, server.model);
    metrics.isActive = true;
    await settled();
    const before = metrics.series.map(one => one.series);
    server.metrics.r1 = { loss: series(1, 2), acc: series(1, 2) };
    await server.change();
    await rested();
    const after = metrics.series.map(one => one.series);
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
  });

  it('stand beside those of other runs of the experiment, which are live, too', async () => {
    const server = new Server();
    server.metrics = { r1: { loss: series(1) }, r2: { loss: series(5) } };
    const metrics = new RunMetrics(server.api, server.changes, server.model);
    metrics.isActive = true;
    await settled();
    await metrics.loadOthers();
    expect(metrics.others?.map(run => run.id)).toEqual(['r3', 'r2']);
    await metrics.setBeside('r2', true);
    expect(metrics.series.map(one => one.runName)).toEqual(['train', 'run r2']);
    server.metrics.r2 = { loss: series(5, 6) };
    server.told.say('data', 'r2');
    await rested();
    expect(metrics.series[1].series.value).toEqual([5, 6]);
    await metrics.setBeside('r2', false);
    expect(metrics.series).toHaveLength(1);
  });
});

describe('the files of a run', () => {
  const HERE = { size: 3, is_here: true };

  it('begin with the executed notebook', async () => {
    const server = new Server();
    server.run = { command: { type: 'notebook', path: 'sub/report.ipynb' } };
    server.outputs = [
      { path: 'outputs/a.txt', ...HERE },
      { path: 'outputs/report.ipynb', ...HERE }
    ];
    const files = new RunFiles(server.api, server.model, 'outputs');
    files.isActive = true;
    await server.change();
    await rested();
    expect(files.selected).toBe('outputs/report.ipynb');
    expect(files.peek?.path).toBe('outputs/report.ipynb');
    expect(files.folder).toBe('/home/me/compute/runs/r1/1/outputs');
  });

  it('are looked into again when the one that is looked at has grown', async () => {
    const server = new Server();
    server.outputs = [{ path: 'outputs/a.txt', size: 1, is_here: true }];
    const files = new RunFiles(server.api, server.model, 'outputs');
    files.isActive = true;
    await settled();
    server.asked.length = 0;
    await server.change();
    await rested();
    expect(server.asked).toEqual(['outputs']);
    server.outputs = [{ path: 'outputs/a.txt', size: 2, is_here: true }];
    await server.change();
    await rested();
    expect(server.asked).toEqual([
      'outputs',
      'outputs',
      'outputs outputs/a.txt'
    ]);
  });

  it('tell those that have not arrived', async () => {
    const server = new Server();
    server.outputs = [
      { path: 'outputs/a', ...HERE },
      { path: 'outputs/b', size: 9, is_here: false }
    ];
    const files = new RunFiles(server.api, server.model, 'outputs');
    files.isActive = true;
    await settled();
    expect([...files.missing]).toEqual(['outputs/b']);
    expect(files.count).toBe(2);
  });

  it('of a snapshot are asked for once, and begin with the script', async () => {
    const server = new Server();
    const files = new RunFiles(server.api, server.model, 'snapshot');
    files.isActive = true;
    await settled();
    await server.change();
    await rested();
    expect(server.asked).toEqual(['captured', 'snapshot train.py']);
    expect(files.selected).toBe('train.py');
  });

  it('say why one cannot be looked into', async () => {
    const server = new Server();
    const files = new RunFiles(server.api, server.model, 'snapshot');
    files.isActive = true;
    await settled();
    server.isDown = true;
    await files.select('data.csv');
    expect(files.peekError?.message).toBe('the store is locked');
  });

  it('add up in their folders', () => {
    const entries = addUp([
      { path: 'outputs/a', ...HERE },
      { path: 'outputs/sub/b', ...HERE }
    ]);
    expect(entries.map(one => [one.path, one.files, one.bytes])).toEqual([
      ['', 2, 6],
      ['outputs/a', 1, 3],
      ['outputs/', 2, 6],
      ['outputs/sub/b', 1, 3],
      ['outputs/sub/', 1, 3]
    ]);
  });
});

describe('the results of a run', () => {
  it('have its images by name', async () => {
    const server = new Server();
    const results = new RunResults(server.api, server.model);
    results.isActive = true;
    await settled();
    expect(
      results.images.map(one => [one.name, one.images.map(i => i.step)])
    ).toEqual([
      ['a', [1, 2]],
      ['b', [1]]
    ]);
    expect(results.isEmpty).toBe(false);
  });
});
