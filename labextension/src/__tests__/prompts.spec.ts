import type { Api } from '../api';
import { Prompts } from '../model/prompts';
import { ComputeError } from '../request';
import type { IPrompt } from '../types';
import { Bus, changesOn } from './targetFakes';

function makePrompt(part: Partial<IPrompt> = {}): IPrompt {
  return {
    id: 'a',
    target: 'gpu1',
    type: 'secret',
    message: 'Password:',
    created: 1,
    can_keep: false,
    keep_in: '',
    again: false,
    ...part
  };
}

async function start(api: Partial<Api>): Promise<[Prompts, Bus, number[]]> {
  const bus = new Bus();
  const prompts = new Prompts(api as Api, changesOn(bus));
  const counts: number[] = [];
  prompts.changed.connect(() => counts.push(prompts.open.length));
  await prompts.refresh();
  return [prompts, bus, counts];
}

describe('the questions of targets', () => {
  it('are the oldest first, and say who asks', async () => {
    const [prompts] = await start({
      prompts: async () => [
        makePrompt({ id: 'b', created: 2, target: 'gpu2' }),
        makePrompt()
      ]
    });
    expect(prompts.open.map(prompt => prompt.id)).toEqual(['a', 'b']);
    expect([...prompts.asking]).toEqual(['gpu1', 'gpu2']);
  });

  it('go when they are answered elsewhere', async () => {
    let open = [makePrompt()];
    const [prompts, bus, counts] = await start({ prompts: async () => open });
    open = [];
    bus.say({ what: 'prompts' });
    await prompts.refresh();
    expect(counts).toEqual([1, 0]);
  });

  it('go when they are answered here, though nobody says so yet', async () => {
    const sent: unknown[] = [];
    const [prompts, , counts] = await start({
      prompts: async () => [makePrompt()],
      answerPrompt: async (id, body) => void sent.push([id, body])
    });
    expect(await prompts.answer('a', { answer: null })).toBe(true);
    expect(sent).toEqual([['a', { answer: null }]]);
    expect(counts).toEqual([1, 0]);
  });

  it('are over when the server has them no more', async () => {
    const [prompts] = await start({
      prompts: async () => [makePrompt()],
      answerPrompt: () =>
        Promise.reject(new ComputeError(404, 'NotFoundError', 'gone'))
    });
    expect(await prompts.answer('a', { answer: 'x' })).toBe(false);
    expect(prompts.open).toEqual([]);
  });

  it('stay when the answer was not taken', async () => {
    const [prompts] = await start({
      prompts: async () => [makePrompt()],
      answerPrompt: () =>
        Promise.reject(new ComputeError(503, 'StoreError', 'not now'))
    });
    await expect(prompts.answer('a', { answer: 'x' })).rejects.toThrow(
      'not now'
    );
    expect(prompts.open).toHaveLength(1);
  });

  it('are none when the server cannot say', async () => {
    const [prompts] = await start({
      prompts: () => Promise.reject(new ComputeError(404, 'NotFound', 'no'))
    });
    expect(prompts.open).toEqual([]);
  });
});
