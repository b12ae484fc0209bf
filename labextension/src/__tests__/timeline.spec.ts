import { duration, timeline } from '../model/timeline';
import type { IRun, IRunDetails, RunState } from '../types';
import { aRun, details } from './runFixture';

function having(
  state: RunState,
  phases: Record<string, number>,
  extra: Partial<IRun> = {},
  said: Partial<IRunDetails> = {}
): IRunDetails {
  const facts = { ...aRun().facts, phases };
  return details({ state, facts, ...extra }, said);
}

function told(found: IRunDetails, now: number): string[] {
  return timeline(found, now).map(
    ({ name, seconds, isGoing }) => `${name} ${seconds}${isGoing ? '…' : ''}`
  );
}

describe('the time of a run', () => {
  it('is all known when it is over, and what took no time is left out', () => {
    const phases = {
      snapshot: 0.2,
      queue: 3,
      upload: 1,
      files: 0.5,
      environment: 0.0001,
      run: 20,
      finalize: 0.3,
      collect: 2
    };
    expect(told(having('completed', phases), 9999)).toEqual([
      'snapshot 0.2',
      'queue 3',
      'upload 1.5',
      'run 20',
      'collect 2.3'
    ]);
  });

  it('ticks in the queue from when it was submitted', () => {
    expect(told(having('queued', { snapshot: 0.2 }), 1042)).toEqual([
      'snapshot 0.2',
      'queue 42…'
    ]);
  });

  it('is not guessed while files are sent', () => {
    expect(told(having('preparing', {}), 1042)).toEqual(['upload null…']);
  });

  it('goes into the environment once the target speaks', () => {
    const found = having(
      'preparing',
      { queue: 3, upload: 2 },
      {},
      { phases: [{ t: 1, name: 'building the environment', seconds: null }] }
    );
    expect(told(found, 1042)).toEqual([
      'queue 3',
      'upload 2',
      'environment 37…'
    ]);
  });

  it('ticks while it runs, and never backwards', () => {
    const found = having('running', { queue: 10 });
    expect(told(found, 1025)).toEqual(['queue 10', 'run 15…']);
    expect(told(found, 900)).toEqual(['queue 10', 'run 0…']);
  });

  it('ends with what is brought back', () => {
    expect(told(having('finalizing', { run: 20 }), 1033)).toEqual([
      'run 20',
      'collect 3…'
    ]);
  });

  it('of an attempt that waits says nothing of the one before', () => {
    const phases = { queue: 3, run: 20, collect: 1 };
    expect(told(having('queued', phases, { attempt: 2 }), 1100)).toEqual([
      'queue 100…'
    ]);
  });

  it('counts from its start, and before that from when it was submitted', () => {
    expect(duration(aRun({ ended: 1012.5 }), 9999)).toBe(2.5);
    expect(duration(aRun(), 1020)).toBe(10);
    expect(duration(aRun({ started: null }), 1020)).toBe(20);
  });
});
