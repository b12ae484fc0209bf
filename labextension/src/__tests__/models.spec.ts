import { Signal } from '@lumino/signaling';
import type { Api } from '../api';
import type { Changes } from '../model/changes';
import { Status } from '../model/status';
import { Targets } from '../model/targets';
import { ComputeError } from '../request';
import type { IChange, IRunLine, ITarget } from '../types';

/** Changes as the test tells them. */
class Told {
  readonly changed = new Signal<this, IChange>(this);
  readonly missed = new Signal<this, void>(this);

  asChanges(): Changes {
    return this as unknown as Changes;
  }

  say(what: IChange['what']): void {
    this.changed.emit({ seq: 1, time: 0, revision: 1, what });
  }
}

/** Let everything that is under way come to its end. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    await Promise.resolve();
  }
}

function target(name: string, extra: Partial<ITarget> = {}): ITarget {
  return {
    name,
    kind: 'local',
    options: {},
    resource_id: name,
    info: null,
    checked: null,
    error: null,
    active: {},
    actions: [],
    ...extra
  };
}

describe('targets', () => {
  function started() {
    const there = [target('local')];
    const asked: string[] = [];
    const api = {
      targets: async () => {
        asked.push('targets');
        return [...there];
      },
      attach: async ({ name }: { name: string }) => {
        there.push(target(name));
        return target(name);
      },
      check: async (name: string) => target(name, { checked: 5 }),
      detach: async () => {
        throw new ComputeError(409, 'ConflictError', '1 run is active');
      }
    };
    const told = new Told();
    const targets = new Targets(api as unknown as Api, told.asChanges());
    return { targets, told, asked, there };
  }

  it('are asked for again when anything but the data of a run changes', async () => {
    const { targets, told, asked, there } = started();
    told.say('data');
    expect(asked).toEqual([]);
    there.push(target('gpu'));
    told.say('targets');
    await settled();
    expect(targets.targets?.map(one => one.name)).toEqual(['local', 'gpu']);
  });

  it('that were attached are there at once', async () => {
    const { targets } = started();
    await targets.attach({ name: 'gpu', kind: 'local', options: {} });
    expect(targets.find('gpu')).toBeDefined();
  });

  it('are marked while they are looked at', async () => {
    const { targets } = started();
    await targets.refresh();
    const looking = targets.check('local');
    expect([...targets.checking]).toEqual(['local']);
    await looking;
    expect([...targets.checking]).toEqual([]);
    expect(targets.find('local')?.checked).toBe(5);
  });

  it('stay when they cannot be detached', async () => {
    const { targets } = started();
    await targets.refresh();
    await expect(
      targets.detach('local', { cancel: false, purge: false })
    ).rejects.toThrow('1 run is active');
    expect(targets.find('local')).toBeDefined();
  });
});

describe('the status', () => {
  it('keeps what it knows while the server does not answer', async () => {
    let isDown = false;
    const api = {
      status: async () => {
        if (isDown) {
          throw new ComputeError(0, 'NoAnswer', 'down');
        }
        return { counts: { running: 1 } };
      },
      runs: async () => ({ runs: [{ id: 'r1' } as IRunLine] })
    };
    const told = new Told();
    const status = new Status(api as unknown as Api, told.asChanges());
    told.say('run');
    await settled();
    expect(status.counts).toEqual({ running: 1 });
    isDown = true;
    told.missed.emit();
    await settled();
    expect(status.error?.message).toBe('down');
    expect(status.active.map(run => run.id)).toEqual(['r1']);
  });
});
