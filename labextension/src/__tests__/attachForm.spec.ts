import type { Api } from '../api';
import { AttachForm } from '../model/attachForm';
import { MASK } from '../model/optionForm';
import { nameProblem, refusalOf } from '../model/refusals';
import { ComputeError } from '../request';
import type { IAttach, IChecked, ITarget } from '../types';
import {
  makeChecked,
  makeKind,
  makeTarget,
  targetsOn,
  trans
} from './targetFakes';

function refusal(status: number, message: string): ComputeError {
  return new ComputeError(status, 'ConfigError', message, 'a hint');
}

async function open(
  api: Partial<Api>,
  options: { edited?: string; kind?: string } = {}
): Promise<AttachForm> {
  const targets = targetsOn({
    kinds: async () => [
      makeKind(),
      makeKind({
        kind: 'broken',
        error: { error: 'DriverNotInstalledError', message: 'no', hint: '' }
      })
    ],
    targets: async () => [makeTarget({ name: 'old' })],
    ...api
  });
  const form = new AttachForm({ targets, trans, ...options });
  await form.load();
  return form;
}

describe('the form that attaches a target', () => {
  it('begins with the only kind that can be used', async () => {
    const form = await open({});
    expect(form.state.kind).toBe('ssh');
    form.choose('broken');
    expect(form.state.kind).toBe('ssh');
  });

  it('says nothing of fields that nobody has been at', async () => {
    const form = await open({});
    expect(form.state.problems).toEqual({});
    form.touch('host');
    expect(form.state.problems).toEqual({ host: 'This is required.' });
  });

  it('says everything that is wrong when it is sent too early', async () => {
    const form = await open({});
    form.setData({ ...form.state.data, slots: 'many' });
    await form.save();
    expect(Object.keys(form.state.problems).sort()).toEqual(['host', 'slots']);
    expect(form.state.nameProblem).toMatch('name');
    expect(form.state.refusals).toBe(1);
  });

  it('attaches with what was given, and tells', async () => {
    const asked: IAttach[] = [];
    const form = await open({
      attach: async body => {
        asked.push(body);
        return makeTarget(body);
      }
    });
    const saved: ITarget[] = [];
    form.saved.connect((_, target) => saved.push(target));
    form.setName('gpu1');
    form.setData({ ...form.state.data, host: 'gpu1' });
    await form.save();
    expect(asked).toEqual([
      { name: 'gpu1', kind: 'ssh', options: { host: 'gpu1' }, replace: false }
    ]);
    expect(saved.map(target => target.name)).toEqual(['gpu1']);
  });

  it('lays what the server says beside the option, until that changes', async () => {
    const form = await open({
      attach: () =>
        Promise.reject(refusal(400, "option 'host': no such host, not 'x'"))
    });
    form.setName('gpu1');
    form.setData({ ...form.state.data, host: 'x' });
    await form.save();
    expect(form.state.problems.host).toMatch('no such host');
    expect(form.state.error).toBeNull();
    form.setData({ ...form.state.data, host: 'y' });
    expect(form.state.problems).toEqual({});
  });

  it('offers to replace the target that has the place', async () => {
    const replaced: unknown[] = [];
    const form = await open({
      attach: async body => {
        replaced.push(body.replace);
        if (!body.replace) {
          throw refusal(409, "ssh://x is already attached as 'old'");
        }
        return makeTarget(body);
      }
    });
    form.setName('gpu1');
    form.setData({ ...form.state.data, host: 'x' });
    await form.save();
    expect(form.state.rival).toBe('old');
    await form.save(true);
    expect(replaced).toEqual([false, true]);
  });

  it('tests without a name, and notes that the options changed since', async () => {
    const form = await open({ checkOptions: async () => makeChecked() });
    form.setData({ ...form.state.data, host: 'x' });
    await form.test();
    expect(form.state.checked?.info?.host).toBe('gpu1');
    expect(form.state.isOutdated).toBe(false);
    form.setData({ ...form.state.data, host: 'y' });
    expect(form.state.isOutdated).toBe(true);
    expect(form.state.checked).not.toBeNull();
  });

  it('gives up a test when told so', async () => {
    let signal: AbortSignal | undefined;
    const form = await open({
      checkOptions: (_kind, _options, _name, given) => {
        signal = given;
        return new Promise<IChecked>((_, reject) =>
          given?.addEventListener('abort', () =>
            reject(new DOMException('', 'AbortError'))
          )
        );
      }
    });
    form.setData({ ...form.state.data, host: 'x' });
    const test = form.test();
    expect(form.state.isTesting).toBe(true);
    form.cancelTest();
    await test;
    expect(signal?.aborted).toBe(true);
    expect(form.state.isTesting).toBe(false);
    expect(form.state.error).toBeNull();
  });

  it('lets questions of a place that is tested be asked at once', async () => {
    let answer: (checked: IChecked) => void = () => undefined;
    const targets = targetsOn({
      checkOptions: () => new Promise(resolve => (answer = resolve))
    });
    const test = targets.test('ssh', {});
    expect(targets.isAwaited('')).toBe(true);
    answer(makeChecked());
    await test;
    expect(targets.isAwaited('')).toBe(false);
  });
});

describe('the form that edits a target', () => {
  const edited = makeTarget({
    name: 'gpu1',
    options: { host: 'gpu1', slots: 2, password: MASK }
  });

  it('begins with what is set, and sends what was changed', async () => {
    const sent: unknown[] = [];
    const form = await open(
      {
        targets: async () => [edited],
        updateTarget: async (name, options) => {
          sent.push([name, options]);
          return edited;
        }
      },
      { edited: 'gpu1' }
    );
    expect(form.state.data).toMatchObject({ host: 'gpu1', slots: 2 });
    form.setData({ ...form.state.data, slots: undefined, port: 2222 });
    await form.save();
    expect(sent).toEqual([
      ['gpu1', { host: 'gpu1', port: 2222, password: MASK, slots: null }]
    ]);
  });

  it('says so when the target is not there any more', async () => {
    const form = await open({}, { edited: 'gone' });
    expect(form.state.error?.message).toMatch('gone');
  });

  it('can be loaded again after it could not be', async () => {
    let isDown = true;
    const form = await open({
      kinds: async () => {
        if (isDown) {
          throw refusal(503, 'not now');
        }
        return [makeKind()];
      }
    });
    expect(form.state.error?.message).toBe('not now');
    isDown = false;
    await form.load();
    expect(form.state.error).toBeNull();
    expect(form.state.form).not.toBeNull();
  });
});

describe('what the server said', () => {
  it('is taken apart by the options that it names', () => {
    const message =
      "option 'slots' takes a whole number, not 'a; b'; there is no option 'slotz'; option 'host' is missing";
    const { options, rest } = refusalOf(
      { error: 'ConfigError', message, hint: 'h' },
      400,
      ['slots', 'host']
    );
    expect(options).toEqual({
      slots: "option 'slots' takes a whole number, not 'a; b'",
      host: "option 'host' is missing"
    });
    expect(rest).toEqual({
      error: 'ConfigError',
      message: "there is no option 'slotz'",
      hint: 'h'
    });
  });

  it('names no rival where nothing can give way', () => {
    const error = {
      error: 'ConflictError',
      message: "local is already attached as 'local'",
      hint: ''
    };
    expect(refusalOf(error, 409, []).rival).toBe('');
  });
});

describe('the name of a target', () => {
  it.each([
    ['', 'name'],
    ['-x', 'begins'],
    ['a b', 'Only'],
    ['x'.repeat(64), '63'],
    ['old', 'already']
  ])('%j is refused', (name, why) => {
    expect(nameProblem(name, ['old'], trans)).toMatch(why);
  });

  it('may have dots, dashes and underscores within', () => {
    expect(nameProblem('gpu-1.lab_2', ['old'], trans)).toBe('');
  });
});
