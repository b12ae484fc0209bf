import type { Event } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import { Changes } from '../model/changes';
import { Latest } from '../model/latest';
import type { IChange } from '../types';

const SCHEMA = 'https://events.jupyter.org/jupyter_compute/change/v1';

/** An event bus whose messages are written by the test. */
class Bus {
  readonly stream = new Signal<this, Event.Emission>(
    this
  ) as unknown as Event.Stream;

  say(change: Partial<IChange>, schema_id = SCHEMA): void {
    (this.stream as unknown as Signal<this, Event.Emission>).emit({
      schema_id,
      ...change
    } as Event.Emission);
  }
}

function following() {
  const bus = new Bus();
  const changes = new Changes(bus);
  const told: string[] = [];
  changes.changed.connect((_, change) => told.push(change.what));
  changes.missed.connect(() => told.push('missed'));
  return { bus, changes, told };
}

describe('changes', () => {
  it('are told in order, and nobody else’s are', () => {
    const { bus, told } = following();
    bus.say({ seq: 7, what: 'run' });
    bus.say({ seq: 8, what: 'targets' });
    bus.say({ seq: 9, what: 'run' }, 'https://events.jupyter.org/other/v1');
    expect(told).toEqual(['run', 'targets']);
  });

  it('that were lost are noticed by the gap they leave', () => {
    const { bus, told } = following();
    bus.say({ seq: 1, what: 'run' });
    bus.say({ seq: 3, what: 'run' });
    expect(told).toEqual(['run', 'missed', 'run']);
  });

  it('begin anew when the server does', () => {
    const { bus, told } = following();
    bus.say({ seq: 90, what: 'run' });
    bus.say({ seq: 1, what: 'run' });
    expect(told).toEqual(['run', 'missed', 'run']);
  });

  it('that are too many to tell have to be asked for', () => {
    const { bus, told } = following();
    bus.say({ seq: 1, what: 'many' });
    expect(told).toEqual(['missed']);
  });

  it('may have been missed while the page was hidden', () => {
    const { told } = following();
    document.dispatchEvent(new window.Event('visibilitychange'));
    expect(told).toEqual(['missed']);
  });

  it('are told no more after the end', () => {
    const { bus, changes, told } = following();
    changes.dispose();
    changes.dispose();
    document.dispatchEvent(new window.Event('visibilitychange'));
    bus.say({ seq: 1, what: 'run' });
    expect(told).toEqual([]);
  });
});

describe('what is done one at a time', () => {
  it('is done once more for any number of wishes that came meanwhile', async () => {
    let count = 0;
    const ends: (() => void)[] = [];
    const latest = new Latest(() => {
      count += 1;
      return new Promise<void>(end => ends.push(end));
    });
    const first = latest.run();
    const others = [latest.run(), latest.run(), latest.run()];
    expect(count).toBe(1);
    ends[0]();
    await Promise.resolve();
    await Promise.resolve();
    expect(count).toBe(2);
    ends[1]();
    await Promise.all([first, ...others]);
    expect(count).toBe(2);
  });
});
