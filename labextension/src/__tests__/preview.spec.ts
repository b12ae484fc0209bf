import type { Api } from '../api';
import { Preview } from '../model/preview';
import { ComputeError } from '../request';
import type { IPreview } from '../types';

function preview(bytes: number, excluded: IPreview['excluded'] = []): IPreview {
  return {
    source: '/s',
    files: 1,
    bytes,
    largest: [],
    excluded,
    limit_bytes: 100,
    suggestions: []
  };
}

class FakeApi {
  bytes = 200;
  asked: string[] = [];
  signals: (AbortSignal | undefined)[] = [];
  refusal: ComputeError | null = null;

  async preview(source: string, signal?: AbortSignal): Promise<IPreview> {
    this.asked.push(source);
    this.signals.push(signal);
    return preview(this.bytes, [
      { path: '.env', source: 'looks like a secret', line: 0, pattern: '.env' },
      { path: 'x', source: '.gitignore', line: 1, pattern: 'x' }
    ]);
  }

  async sizeTree() {
    return { tree: [{ path: '', files: 1, bytes: this.bytes }] };
  }

  async explain(_: string, path: string) {
    return { path, is_included: true, rule: null };
  }

  async ignore(_: string, path: string) {
    if (this.refusal) {
      throw this.refusal;
    }
    this.bytes = 50;
    return { line: `/${path}`, created: true };
  }
}

function make() {
  const api = new FakeApi();
  return { api, found: new Preview(api as unknown as Api, 'work') };
}

describe('a preview', () => {
  it('says whether the folder is too large, and what looks like a secret', async () => {
    const { found } = make();
    expect(found.found).toBeNull();
    await found.refresh();
    expect(found.isTooLarge).toBe(true);
    expect(found.secrets.map(one => one.path)).toEqual(['.env']);
  });

  it('is looked at again after something was left out, its tree as well', async () => {
    const { found } = make();
    await found.refresh();
    await found.loadTree();
    await found.explain('data/');
    await found.ignore('data/');
    expect(found.isTooLarge).toBe(false);
    expect(found.tree?.[0].bytes).toBe(50);
    expect(found.ignored).toEqual({ line: '/data/', created: true });
    expect(found.explanation).toBeNull();
  });

  it('tells why something could not be left out, and stays as it is', async () => {
    const { api, found } = make();
    await found.refresh();
    api.refusal = new ComputeError(422, 'SnapshotError', 'it is left out');
    await found.ignore('x');
    expect(found.refusal?.message).toBe('it is left out');
    expect(found.found?.bytes).toBe(200);
  });

  it('gives up what it asked before when it looks again, and when it is closed', async () => {
    const { api, found } = make();
    const first = found.refresh();
    const second = found.refresh();
    expect(api.signals[0]?.aborted).toBe(true);
    await Promise.all([first, second]);
    expect(found.isLoading).toBe(false);
    void found.refresh();
    found.dispose();
    expect(api.signals[2]?.aborted).toBe(true);
  });

  it('forgets one folder for another', async () => {
    const { api, found } = make();
    await found.refresh();
    found.setSource('other');
    expect(found.found).toBeNull();
    await found.refresh();
    expect(api.asked).toEqual(['work', 'other']);
  });
});
