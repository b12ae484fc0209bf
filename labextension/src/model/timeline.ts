import type { TranslationBundle } from '@jupyterlab/translation';
import type { IRun, IRunDetails } from '../types';
import { isFinal } from './states';

/** What a run goes through, in order. */
export const STRETCHES = [
  'snapshot',
  'queue',
  'upload',
  'environment',
  'run',
  'collect'
] as const;

export type Stretch = (typeof STRETCHES)[number];

/** A part of a run's time. */
export interface IStretch {
  name: Stretch;
  /** How long it took, or has taken until now; `null` if that is not known. */
  seconds: number | null;
  /** Whether it is what goes on now. */
  isGoing: boolean;
}

/** What took less is not worth a place. */
const WORTH_S = 0.05;

/** Which facts make up a stretch: a target tells more than a person wants to tell apart. */
const PARTS: Record<Stretch, readonly string[]> = {
  snapshot: ['snapshot'],
  queue: ['queue'],
  upload: ['upload', 'files'],
  environment: ['environment'],
  run: ['run'],
  collect: ['finalize', 'collect']
};

/**
 * Tell what a run has spent its time on, the newest last.
 */
export function timeline(details: IRunDetails, now: number): IStretch[] {
  const { run } = details;
  const going = goesOn(details);
  const last = going ? STRETCHES.indexOf(going) : STRETCHES.length;
  const stretches: IStretch[] = [];
  STRETCHES.slice(0, last).forEach(name => {
    const seconds = spent(run, name);
    if (seconds !== null && seconds >= WORTH_S) {
      stretches.push({ name, seconds, isGoing: false });
    }
  });
  if (going) {
    const since = beginning(run, going);
    const seconds = since === null ? null : Math.max(0, now - since);
    stretches.push({ name: going, seconds, isGoing: true });
  }
  return stretches;
}

/**
 * How long a run takes or took: from its start on, before that from when it was submitted.
 */
export function duration(run: IRun, now: number): number {
  return Math.max(0, (run.ended ?? now) - (run.started ?? run.created));
}

/** Say what a run spends its time on. */
export function stretchLabel(name: Stretch, trans: TranslationBundle): string {
  switch (name) {
    case 'snapshot':
      return trans.__('snapshot');
    case 'queue':
      return trans.__('queue');
    case 'upload':
      return trans.__('upload');
    case 'environment':
      return trans.__('environment');
    case 'run':
      return trans.__('run');
    case 'collect':
      return trans.__('collect');
  }
}

function goesOn({ run, phases }: IRunDetails): Stretch | null {
  if (isFinal(run.state)) {
    return null;
  }
  switch (run.state) {
    case 'queued':
      return 'queue';
    case 'preparing':
      // The target speaks only once it has everything.
      return phases.length ? 'environment' : 'upload';
    case 'running':
      return 'run';
    default:
      return 'collect';
  }
}

function beginning(run: IRun, going: Stretch): number | null {
  switch (going) {
    case 'queue':
      return run.created;
    case 'environment':
      return sum(run.created, spent(run, 'queue'), spent(run, 'upload'));
    case 'run':
      return run.started;
    case 'collect':
      return sum(run.started, spent(run, 'run'));
    default:
      return null;
  }
}

function spent(run: IRun, name: Stretch): number | null {
  const known = PARTS[name]
    .map(part => run.facts.phases[part])
    .filter(seconds => seconds !== undefined);
  return known.length ? known.reduce((a, b) => a + b) : null;
}

function sum(...terms: (number | null)[]): number | null {
  let whole = 0;
  for (const term of terms) {
    if (term === null) {
      return null;
    }
    whole += term;
  }
  return whole;
}
