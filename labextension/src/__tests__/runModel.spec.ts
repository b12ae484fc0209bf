import { Signal } from '@lumino/signaling';
import type { Api } from '../api';
import type { Changes } from '../model/changes';
import { RunModel } from '../model/run';
import { ComputeError } from '../request';
import type { IChange, IRunDetails } from '../types';
import { details } from './runFixture';

/** Changes as the test tells them. */
class Told {
  readonly changed = new Signal<this, IChange>(this);
  readonly missed = new Signal<this, void>(this);

  say(what: IChange['what'], run_id = 'r1'): void {
    this.changed.emit({ seq: 1, time: 0, revision: 1, what, run_id });
  }
}

/** Let everything that is under way come to its end. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    await Promise.resolve();
  }
}

/** A model of the run `r1` on a server that answers as the test says. */
async function started(answer: () => IRunDetails = () => details()) {
  const server = { answer, asked: 0 };
  const api = {
    run: async () => {
      server.asked += 1;
      return server.answer();
    }
  };
  const told = new Told();
  const model = new RunModel(
    api as unknown as Api,
    told as unknown as Changes,
    'r1'
  );
  let changes = 0;
  model.changed.connect(() => (changes += 1));
  await settled();
  return { server, told, model, changes: () => changes };
}

function refuse(status: number): () => never {
  return () => {
    throw new ComputeError(status, 'Error', `refused with ${status}`);
  };
}

describe('a run', () => {
  it('is asked for at once, and again when it changes or says something', async () => {
    const { server, told, model, changes } = await started();
    expect(model.run?.state).toBe('running');
    expect(model.isLive).toBe(true);
    server.answer = () => details({ state: 'completed' });
    told.say('run');
    await settled();
    expect(model.isLive).toBe(false);
    told.say('data');
    await settled();
    expect(server.asked).toBe(3);
    expect(changes()).toBe(3);
  });

  it('is not asked for when another one changes', async () => {
    const { server, told } = await started();
    told.say('run', 'r2');
    told.say('deleted', 'r2');
    told.say('targets', '');
    await settled();
    expect(server.asked).toBe(1);
  });

  it('is asked for again when news may have been missed', async () => {
    const { server, told } = await started();
    told.missed.emit();
    await settled();
    expect(server.asked).toBe(2);
  });

  it('stays as it was while the server does not answer', async () => {
    const { server, told, model } = await started();
    server.answer = refuse(503);
    told.say('run');
    await settled();
    expect(model.error?.message).toBe('refused with 503');
    expect(model.run?.name).toBe('train');
    server.answer = () => details();
    await model.refresh();
    expect(model.error).toBeNull();
  });

  it('that was deleted is known to be, and not asked for any more', async () => {
    const { server, told, model } = await started();
    told.say('deleted');
    expect(model.isDeleted).toBe(true);
    expect(model.isLive).toBe(false);
    told.missed.emit();
    await settled();
    expect(server.asked).toBe(1);
  });

  it('that is not there was deleted, too', async () => {
    const { model } = await started(refuse(404));
    expect(model.isDeleted).toBe(true);
    expect(model.error).toBeNull();
  });

  it('is not followed by a page that was closed', async () => {
    const { server, told, model } = await started();
    model.dispose();
    model.dispose();
    told.say('run');
    told.missed.emit();
    await settled();
    expect(server.asked).toBe(1);
  });
});
