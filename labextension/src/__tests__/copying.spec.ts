import { asMagic, asShell, quoted, valueText } from '../model/copying';
import type { IRun } from '../types';
import { aRun } from './runFixture';

const shell = (extra: Partial<IRun>) => asShell(aRun(extra))?.text;

describe('a run as a line', () => {
  it('says what is not the default, and the folder', () => {
    expect(shell({})).toBe(
      'jupyter compute submit train.py --target gpu1 --source /home/me/digits'
    );
    expect(
      shell({
        name: 'first try',
        experiment: 'mnist',
        command: { type: 'script', path: 'train.py', args: ['--lr', '0.1'] },
        env: { MODE: 'fast mode' },
        secrets: { TOKEN: 'env:MY_TOKEN' },
        tags: { fold: '1' },
        environment: { type: 'python', interpreter: '/opt/py/bin/python' },
        resources: {
          nodes: 2,
          processes_per_node: 4,
          cpus: 3,
          gpus: 1,
          memory_gb: 0.5,
          time_limit_min: 90,
          distribution: 'pytorch'
        }
      })
    ).toBe(
      'jupyter compute submit train.py --target gpu1' +
        " --name 'first try' --experiment mnist --source /home/me/digits" +
        ' --env /opt/py/bin/python --cpus 3 --gpus 1 --memory 0.5 --nodes 2' +
        ' --processes 4 --distribution pytorch --time-limit 90' +
        " --setenv 'MODE=fast mode' --secret TOKEN=env:MY_TOKEN --tag fold=1" +
        ' -- --lr 0.1'
    );
  });

  it('has the parameters of a notebook, and the arguments of a program', () => {
    expect(
      shell({
        name: 'report',
        command: { type: 'notebook', path: 'report.ipynb' },
        params: { epochs: 3, name: 'small', flag: true }
      })
    ).toContain(
      'report.ipynb --target gpu1 --source /home/me/digits' +
        ' --param epochs 3 --param name small --param flag true'
    );
    expect(
      shell({
        name: 'echo',
        command: { type: 'argv', argv: ['/bin/echo', 'a b', '$HOME'] }
      })
    ).toBe(
      'jupyter compute submit /bin/echo --target gpu1 --source /home/me/digits' +
        " -- 'a b' '$HOME'"
    );
  });

  it('has the code of a cell below its magic; a shell has no cells', () => {
    const run = aRun({
      name: 'work',
      command: {
        type: 'cell',
        code: 'print(1)\nprint(2)',
        notebook: 'work.ipynb',
        outputs: ['model', 'scores'],
        allow_pickle: true
      },
      inputs: [
        { path: 'a', digest: '', size: 1, codec: 'json', name: 'x', type: '' }
      ]
    });
    expect(asMagic(run).text).toBe(
      '%%submit --target gpu1 --in x --out model,scores --pickle\n' +
        'print(1)\nprint(2)'
    );
    expect(asShell(run)).toBeNull();
  });

  it('names the folder of a cell that does not stand at its top', () => {
    const command = {
      type: 'cell' as const,
      code: '1',
      notebook: 'deep/work.ipynb'
    };
    expect(asMagic(aRun({ name: 'work', command })).text).toContain(
      '--source /home/me/digits'
    );
  });

  it('gives a script to a line magic', () => {
    const command = {
      type: 'script' as const,
      path: 'train.py',
      args: ['a b']
    };
    expect(asMagic(aRun({ command, source: '' })).text).toBe(
      "%submit train.py --target gpu1 --experiment digits -- 'a b'"
    );
  });

  it('says an environment, or the file that has to be there', () => {
    const line = (environment: IRun['environment']) =>
      asShell(aRun({ environment }));
    expect(
      line({
        type: 'packages',
        requirements: ['numpy==2.0.0', 'pandas<3,>=2'],
        files: {},
        python: ''
      })
    ).toMatchObject({
      text: expect.stringContaining("--env 'numpy==2.0.0,pandas<3,>=2'"),
      missing: []
    });
    expect(
      line({ type: 'image', image: 'python:3.12', dockerfile: '' })?.text
    ).toContain('--env image:python:3.12');
    for (const [environment, name] of [
      [{ type: 'conda', text: 'dependencies:' }, 'environment.yml'],
      [
        {
          type: 'packages',
          requirements: [],
          files: { 'pyproject.toml': '', 'uv.lock': '' },
          python: ''
        },
        'uv.lock'
      ],
      [
        {
          type: 'packages',
          requirements: ['--index-url https://example.org', 'numpy'],
          files: {},
          python: ''
        },
        'requirements.txt'
      ]
    ] as [IRun['environment'], string][]) {
      expect(line(environment)).toMatchObject({
        text: expect.stringContaining(`--env ${name}`),
        missing: [{ what: 'file', name }]
      });
    }
  });

  it('quotes as a POSIX shell reads it', () => {
    expect(quoted('plain-1.0/x=y')).toBe('plain-1.0/x=y');
    expect(quoted('')).toBe("''");
    expect(quoted('a b; rm *')).toBe("'a b; rm *'");
    expect(quoted("it's")).toBe(`'it'"'"'s'`);
  });

  it('writes text that would be read as something else as JSON', () => {
    expect(
      ['text', '1', 'True', 'NaN', 'null', ' 1', ''].map(valueText)
    ).toEqual(['text', '"1"', '"True"', '"NaN"', '"null"', '" 1"', '']);
    expect([1, true, null, [1, 'a'], { a: 1 }].map(valueText)).toEqual([
      '1',
      'true',
      'null',
      '[1,"a"]',
      '{"a":1}'
    ]);
    expect(valueText('two\nlines')).toBe('"two\\nlines"');
  });

  it('keeps IPython from putting variables into a magic', () => {
    const magic = (env: Record<string, string>) =>
      asMagic(aRun({ env, params: { space: { a: 1 } } })).text;
    expect(magic({ A: '$x' })).toContain(`'A=$x'`);
    expect(magic({ A: `$x it's` })).toContain(`'A=$$x it'"'"'s'`);
    expect(magic({})).toContain(`--param space '{{"a":1}}'`);
  });

  it('says so when a magic cannot hold a line end', () => {
    const run = aRun({ env: { A: 'one\ntwo' } });
    expect(asMagic(run)).toMatchObject({
      text: expect.stringContaining("'A=one two'"),
      missing: [{ what: 'newlines' }]
    });
    expect(asShell(run)?.text).toContain("'A=one\ntwo'");
  });
});
