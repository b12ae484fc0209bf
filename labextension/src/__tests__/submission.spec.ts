import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import type { Api } from '../api';
import { Choices, type IKeep } from '../model/choices';
import {
  emptyDraft,
  foldersOf,
  type IDraft,
  type Subject
} from '../model/draft';
import { Submission } from '../model/submission';
import type { Targets } from '../model/targets';
import { ComputeError } from '../request';
import type { IPreview, IRun, ISubmit, ITarget } from '../types';

const trans = nullTranslator.load('jupyter_compute');

const LOCAL = {
  name: 'local',
  kind: 'local',
  active: {},
  info: { cpus: 2, gpus: [], memory_gb: 8, slots: 2, problems: [] }
} as unknown as ITarget;

const CLUSTER = { ...LOCAL, name: 'hpc', kind: 'slurm', info: null };

const PREVIEW: IPreview = {
  source: '/root/work',
  files: 1,
  bytes: 10,
  largest: [],
  excluded: [],
  limit_bytes: 100,
  suggestions: []
};

class FakeApi {
  readonly submitted: ISubmit[] = [];
  refusal: ComputeError | null = null;
  found = PREVIEW;

  async preview(): Promise<IPreview> {
    return this.found;
  }

  async submit(body: ISubmit): Promise<IRun> {
    if (this.refusal) {
      throw this.refusal;
    }
    this.submitted.push(body);
    return { id: 'r1', name: body.name, target: body.target } as IRun;
  }
}

class FakeTargets {
  targets: ITarget[] | null = [LOCAL, CLUSTER];
  changed = new Signal<this, void>(this);
  find = (name: string) => this.targets?.find(one => one.name === name);
}

function make(subject: Subject, draft: Partial<IDraft> = {}) {
  const api = new FakeApi();
  const targets = new FakeTargets();
  const steps: string[] = [];
  const submission = new Submission({
    api: api as unknown as Api,
    targets: targets as unknown as Targets,
    trans,
    subject,
    draft: { ...emptyDraft(subject.path), ...draft },
    kernelPython: '/envs/kernel/bin/python',
    save: async () => void steps.push('saved'),
    list: async () => ['a.csv', 'requirements.txt', 'environment.yml']
  });
  return { api, targets, submission, steps };
}

const CELL: Subject = {
  type: 'cell',
  path: 'work/deep/book.ipynb',
  code: 'x',
  cellId: 'c1'
};
const SCRIPT: Subject = { type: 'script', path: 'work/train.py' };
const NOTEBOOK: Subject = {
  type: 'notebook',
  path: 'book.ipynb',
  parameters: [
    { name: 'lr', type: 'float', source: '0.1', text: '0.1', help: '' },
    { name: 'n', type: 'int', source: '3', text: '3', help: '' }
  ]
};

describe('a submission', () => {
  it('saves first, and sends a cell with the place where it stands', async () => {
    const { api, submission, steps } = make(CELL);
    expect((await submission.submit())?.id).toBe('r1');
    expect(steps).toEqual(['saved']);
    expect(api.submitted[0]).toMatchObject({
      command: {
        type: 'cell',
        code: 'x',
        notebook: 'book.ipynb',
        cell_id: 'c1'
      },
      source: 'work/deep',
      target: 'local'
    });
  });

  it('names paths from the folder that goes along', async () => {
    const { api, submission } = make(CELL, { source: 'work' });
    await submission.submit();
    expect(api.submitted[0]).toMatchObject({
      command: { notebook: 'deep/book.ipynb' },
      source: 'work'
    });
    expect(foldersOf(CELL.path)).toEqual(['work/deep', 'work', '']);
  });

  it('never takes a folder for a home', async () => {
    const { api, submission } = make({ type: 'script', path: '~me/a.py' });
    await submission.submit();
    expect(api.submitted[0]).toMatchObject({
      command: { path: 'a.py' },
      source: './~me'
    });
  });

  it('uses the kernel’s Python on this machine, and elsewhere the target’s', async () => {
    const { api, submission } = make(SCRIPT);
    await submission.submit();
    submission.set({ target: 'hpc' });
    await submission.submit();
    expect(api.submitted.map(one => one.environment)).toEqual([
      { type: 'python', interpreter: '/envs/kernel/bin/python' },
      null
    ]);
  });

  it('sends the parameters that differ from the notebook, with their types', async () => {
    const { api, submission } = make(NOTEBOOK, {
      params: { lr: '0.1', n: '4' },
      moreParams: [{ name: 'mode', value: '[1, 2]' }]
    });
    await submission.submit();
    expect(api.submitted[0].params).toEqual({ n: 4, mode: [1, 2] });
  });

  it('sends resources, arguments, variables and references', async () => {
    const { api, submission } = make(SCRIPT, {
      target: 'hpc',
      args: "--lr 0.1 'a b'",
      memory: '16 GB',
      timeLimit: '2h',
      gpus: '2',
      environment: 'packages',
      environmentText: 'numpy\npandas>=2',
      env: [{ name: 'A', value: '1' }],
      secrets: [{ name: 'TOKEN', value: ' env:TOKEN ' }],
      tags: [{ name: 'who', value: 'me' }]
    });
    expect(submission.problems).toEqual({});
    await submission.submit();
    expect(api.submitted[0]).toMatchObject({
      command: { type: 'script', args: ['--lr', '0.1', 'a b'] },
      resources: { memory_gb: 16, time_limit_min: 120, gpus: 2, nodes: 1 },
      environment: 'numpy,pandas>=2',
      env: { A: '1' },
      secrets: { TOKEN: 'env:TOKEN' },
      tags: { who: 'me' }
    });
  });

  it('says what is wrong beside each field, and is not sent', async () => {
    const { api, submission } = make(NOTEBOOK, {
      params: { n: 'many' },
      moreParams: [
        { name: 'lr', value: '1' },
        { name: '2x', value: '' }
      ],
      cpus: '16',
      gpus: '1',
      memory: 'much',
      environment: 'image',
      environmentText: ' ',
      env: [
        { name: 'A B', value: '' },
        { name: 'X', value: '' }
      ],
      secrets: [
        { name: 'X', value: 'env:X' },
        { name: 'Y', value: 'hunter2' }
      ],
      tags: [{ name: '', value: 'x' }]
    });
    expect(Object.keys(submission.problems).sort()).toEqual([
      'cpus',
      'env:0',
      'environment',
      'gpus',
      'memory',
      'moreParams:0',
      'moreParams:1',
      'param:n',
      'secrets:0',
      'secrets:1',
      'tags:0'
    ]);
    expect(JSON.stringify(submission.problems)).not.toContain('hunter2');
    expect(await submission.submit()).toBeNull();
    expect(api.submitted).toEqual([]);
  });

  it('keeps what was typed when the server says no, and the reason until something changes', async () => {
    const { api, submission } = make(SCRIPT, { name: 'kept' });
    api.refusal = new ComputeError(422, 'SnapshotError', 'no', 'do this');
    expect(await submission.submit()).toBeNull();
    expect(submission.error).toMatchObject({ message: 'no', hint: 'do this' });
    expect(submission.draft.name).toBe('kept');
    submission.set({ experiment: 'e' });
    expect(submission.error).toBeNull();
  });

  it('is not sent while its folder is too large', async () => {
    const { api, submission } = make(SCRIPT);
    api.found = { ...PREVIEW, bytes: 101 };
    await submission.preview.refresh();
    expect(submission.canSubmit).toBe(false);
  });

  it('notices when its target is detached', () => {
    const { submission, targets } = make(SCRIPT, { target: 'hpc' });
    expect(submission.problems).toEqual({});
    targets.targets = [LOCAL];
    expect(submission.problems).toHaveProperty('target');
  });

  it('offers the files of the folder that make an environment', async () => {
    const { submission } = make(SCRIPT);
    await submission.look();
    expect(submission.environmentFiles).toEqual([
      'requirements.txt',
      'environment.yml'
    ]);
  });
});

class FakeKeep implements IKeep {
  readonly kept = new Map<string, unknown>();
  fetch = async (key: string) => structuredCloned(this.kept.get(key));
  save = async (key: string, value: unknown) => {
    this.kept.set(key, structuredCloned(value));
  };
}

function structuredCloned(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

describe('choices', () => {
  it('are known after a reload, but for references to secrets', async () => {
    const keep = new FakeKeep();
    const choices = new Choices(keep);
    const draft = {
      ...emptyDraft('a/b.ipynb', 'hpc'),
      secrets: [{ name: 'T', value: 'env:T' }]
    };
    await choices.remember('a/b.ipynb', draft);
    expect(await choices.recall('a/b.ipynb')).toEqual({ draft, isWhole: true });
    expect(JSON.stringify([...keep.kept])).not.toContain('env:T');

    const reloaded = new Choices(keep);
    expect(await reloaded.recall('a/b.ipynb')).toEqual({
      draft: { ...draft, secrets: [] },
      isWhole: false
    });
    expect(await reloaded.recall('other.ipynb')).toBeNull();
    expect(await reloaded.lastTarget()).toBe('hpc');
  });

  it('survive what another version kept', async () => {
    const keep = new FakeKeep();
    const kept = { path: 'a/b.py', draft: { target: 't', source: 'gone' } };
    keep.kept.set('jupyter_compute:submit', [kept]);
    expect((await new Choices(keep).recall('a/b.py'))?.draft).toEqual(
      emptyDraft('a/b.py', 't')
    );
  });

  it('are kept for a limited number of files', async () => {
    const keep = new FakeKeep();
    const choices = new Choices(keep);
    for (let n = 0; n < 60; n++) {
      await choices.remember(`${n}.py`, emptyDraft(`${n}.py`));
    }
    expect(await new Choices(keep).recall('0.py')).toBeNull();
    expect(await new Choices(keep).recall('59.py')).not.toBeNull();
  });
});
