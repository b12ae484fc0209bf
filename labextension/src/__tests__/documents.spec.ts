import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Contents, KernelSpec } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { placeOf, saveDocument } from '../plugins/documents';
import { nameDefault, pythonOf } from '../plugins/kernels';

const trans = nullTranslator.load('jupyter_compute');

const contents = {
  driveName: (path: string) => /^(\w+):/.exec(path)?.[1] ?? '',
  localPath: (path: string) => path.replace(/^\w+:/, '')
} as Contents.IManager;

interface IFake {
  dirty?: boolean;
  readOnly?: boolean;
  canSave?: boolean;
  problem?: Error;
}

function document(fake: IFake) {
  const saved: string[] = [];
  const context = {
    ready: Promise.resolve(),
    path: 'a.ipynb',
    canSave: fake.canSave ?? true,
    contentsModel: {},
    model: { dirty: fake.dirty ?? true, readOnly: fake.readOnly ?? false },
    save: async () => {
      if (fake.problem) {
        throw fake.problem;
      }
      saved.push('a.ipynb');
    }
  } as unknown as DocumentRegistry.IContext<DocumentRegistry.IModel>;
  return { context, saved };
}

describe('the place of a document', () => {
  it('is its path on the server, also when it is edited together', () => {
    expect(placeOf(contents, 'work/a.ipynb', trans)).toBe('work/a.ipynb');
    expect(placeOf(contents, 'RTC:work/a.ipynb', trans)).toBe('work/a.ipynb');
  });

  it('is refused in words on other drives', () => {
    expect(() => placeOf(contents, 's3:a.ipynb', trans)).toThrow(/“s3”/);
  });
});

describe('a document', () => {
  it('is saved when it was edited, and left alone otherwise', async () => {
    const edited = document({});
    await saveDocument(edited.context, trans);
    expect(edited.saved).toEqual(['a.ipynb']);
    const untouched = document({ dirty: false });
    await saveDocument(untouched.context, trans);
    expect(untouched.saved).toEqual([]);
  });

  it('that is read-only is submitted as it is, but not with changes', async () => {
    await saveDocument(
      document({ readOnly: true, dirty: false }).context,
      trans
    );
    const { context } = document({ canSave: false });
    await expect(saveDocument(context, trans)).rejects.toThrow(/read-only/);
  });

  it('that was not saved is not submitted', async () => {
    const { context } = document({ problem: new Error('disk full') });
    await expect(saveDocument(context, trans)).rejects.toThrow(/disk full/);
  });
});

describe('the Python of a kernel', () => {
  const spec = (language: string, program: string) => ({
    language,
    display_name: 'Mine',
    argv: [program]
  });
  const specs = {
    default: 'python3',
    kernelspecs: {
      python3: spec('python', 'python'),
      env: spec('python', '/envs/a/bin/python3.12'),
      wrapped: spec('python', '/opt/bin/launch.sh'),
      r: spec('R', '/usr/bin/R')
    }
  } as unknown as KernelSpec.ISpecModels;

  it.each([
    ['python3', ''],
    ['env', '/envs/a/bin/python3.12'],
    ['wrapped', ''],
    ['r', ''],
    ['gone', '']
  ])('of %s is “%s”', (kernel, python) => {
    expect(pythonOf(specs, kernel)).toBe(python);
    expect(pythonOf(null, kernel)).toBe('');
  });

  it('is named where it is used', () => {
    expect(nameDefault(specs, 'env', true, trans)).toContain('Mine');
    expect(nameDefault(specs, 'env', false, trans)).toContain('target');
    expect(nameDefault(specs, '', true, trans)).toContain('Jupyter');
  });
});
