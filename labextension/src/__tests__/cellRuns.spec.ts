import { Signal } from '@lumino/signaling';
import type { Api } from '../api';
import { CellRuns } from '../model/cellRuns';
import type { Changes } from '../model/changes';
import type { IKeep } from '../model/choices';
import { HiddenRuns } from '../model/hiddenRuns';
import { Renames } from '../model/renames';
import { isStale } from '../model/staleness';
import { ComputeError } from '../request';
import type { IChange, IRunLine } from '../types';

function line(id: string, part: Partial<IRunLine> = {}): IRunLine {
  return { id, state: 'running', created: 1, ...part } as IRunLine;
}

class FakeApi {
  books: Record<string, Record<string, IRunLine>> = {};
  asked: string[] = [];
  isDown = false;

  async cells(path: string) {
    this.asked.push(path);
    if (this.isDown) {
      throw new ComputeError(0, 'NoAnswer', 'no answer');
    }
    return { cells: this.books[path] ?? {} };
  }

  async run(id: string) {
    this.asked.push(id);
    const progress = { t: 1, fraction: 0.5, label: 'half' };
    return { run: { id, command: { type: 'cell', code: 'x' } }, progress };
  }
}

class FakeChanges {
  changed = new Signal<this, IChange>(this);
  missed = new Signal<this, void>(this);
  tell(what: IChange['what'], run_id: string) {
    this.changed.emit({ seq: 1, time: 1, revision: 1, what, run_id });
  }
}

function make(...paths: string[]) {
  const api = new FakeApi();
  const changes = new FakeChanges();
  const runs = new CellRuns(
    api as unknown as Api,
    changes as unknown as Changes,
    paths.length ? paths : ['book.ipynb']
  );
  return { api, changes, runs };
}

async function settle(): Promise<void> {
  for (let n = 0; n < 20; n++) {
    await Promise.resolve();
  }
}

describe('the runs of a notebook’s cells', () => {
  it('are asked for when a run is new, and again when it goes on', async () => {
    const { api, changes, runs } = make();
    api.books['book.ipynb'] = { c1: line('r1') };
    changes.tell('run', 'r1');
    await settle();
    expect(runs.find('c1')?.state).toBe('running');
    api.books['book.ipynb'] = { c1: line('r1', { state: 'completed' }) };
    changes.tell('run', 'r1');
    await settle();
    expect(runs.find('c1')?.state).toBe('completed');
  });

  it('are not asked for again at each change of a run of elsewhere', async () => {
    const { api, changes } = make();
    changes.tell('run', 'other');
    await settle();
    changes.tell('run', 'other');
    changes.tell('run', 'other');
    await settle();
    expect(api.asked).toEqual(['book.ipynb']);
  });

  it('are asked for again when the server was silent as one came', async () => {
    const { api, changes, runs } = make();
    api.isDown = true;
    changes.tell('run', 'r1');
    await settle();
    expect(runs.error?.message).toBe('no answer');
    api.isDown = false;
    api.books['book.ipynb'] = { c1: line('r1') };
    changes.tell('run', 'r1');
    await settle();
    expect(runs.find('c1')?.id).toBe('r1');
    expect(runs.error).toBeNull();
  });

  it('are the newest under all names that the notebook had', async () => {
    const { api, runs } = make('new.ipynb', 'old.ipynb');
    api.books = {
      'new.ipynb': { c1: line('r2', { created: 2 }) },
      'old.ipynb': { c1: line('r1'), c2: line('r0') }
    };
    await runs.refresh();
    expect(runs.find('c1')?.id).toBe('r2');
    expect(runs.find('c2')?.id).toBe('r0');
  });

  it('tell the progress of those that are shown, as it comes', async () => {
    const { api, changes, runs } = make();
    changes.tell('data', 'r1');
    await settle();
    expect(api.asked).toEqual([]);
    await runs.load('r1');
    expect(runs.details('r1')).toMatchObject({
      code: 'x',
      progress: { label: 'half' }
    });
    changes.tell('data', 'r1');
    await settle();
    expect(api.asked).toEqual(['r1', 'r1']);
  });

  it('vanish when they are deleted, and nothing is asked once the notebook is closed', async () => {
    const { api, changes, runs } = make();
    api.books['book.ipynb'] = { c1: line('r1') };
    await runs.refresh();
    api.books = {};
    changes.tell('deleted', 'r1');
    await settle();
    expect(runs.find('c1')).toBeUndefined();
    runs.dispose();
    changes.missed.emit();
    expect(api.asked).toHaveLength(2);
  });
});

class FakeKeep implements IKeep {
  private _kept = new Map<string, unknown>();
  fetch = async (key: string) => this._kept.get(key);
  save = async (key: string, value: unknown) => void this._kept.set(key, value);
}

describe('what is remembered about notebooks', () => {
  it('is which names they had, also over a reload', async () => {
    const keep = new FakeKeep();
    const renames = new Renames(keep);
    await renames.rename('a', 'b');
    expect(await renames.rename('b', 'c')).toEqual(['c', 'b', 'a']);
    const reloaded = new Renames(keep);
    expect(await reloaded.pathsOf('c')).toEqual(['c', 'b', 'a']);
    expect(await reloaded.pathsOf('a')).toEqual(['a']);
    expect(await reloaded.rename('c', 'a')).toEqual(['a', 'c', 'b']);
  });

  it('is which runs are hidden', async () => {
    const keep = new FakeKeep();
    await new HiddenRuns(keep).hide('r1');
    const hidden = new HiddenRuns(keep);
    expect(hidden.has('r1')).toBe(false);
    await hidden.load();
    expect(hidden.has('r1')).toBe(true);
    expect(hidden.has('r2')).toBe(false);
  });
});

describe('a cell', () => {
  it('is what its run runs, whatever line submitted it', () => {
    expect(isStale('x = 1\n', 'x = 1')).toBe(false);
    expect(isStale('%%submit -t hpc\nx = 1', '# %%submit\nx = 1')).toBe(false);
    expect(isStale('%%submit\n%%time\nx', '%%time\nx')).toBe(false);
  });

  it('is stale when it says something else', () => {
    expect(isStale('x = 2', 'x = 1')).toBe(true);
    expect(isStale('%%submit\nx = 2', '# %%submit\nx = 1')).toBe(true);
  });
});
