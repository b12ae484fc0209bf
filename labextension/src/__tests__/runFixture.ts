import type { IRun, IRunDetails } from '../types';

/** A run of a script that is going on, with what a test wants to be otherwise. */
export function aRun(extra: Partial<IRun> = {}): IRun {
  return {
    id: 'r1',
    experiment: 'digits',
    name: 'train',
    target: 'gpu1',
    snapshot_id: 'c0ffee'.repeat(10),
    command: { type: 'script', path: 'train.py', args: [] },
    params: {},
    environment: { type: 'python', interpreter: '' },
    resources: {
      nodes: 1,
      processes_per_node: 1,
      cpus: null,
      gpus: 0,
      memory_gb: null,
      time_limit_min: null,
      distribution: 'none'
    },
    env: {},
    secrets: {},
    inputs: [],
    state: 'running',
    reason: '',
    error: '',
    attempt: 1,
    job_id: 'r1/1',
    exit_code: null,
    parent_id: null,
    rerun_of: null,
    tags: {},
    created: 1000,
    started: 1010,
    ended: null,
    cancel_requested: null,
    canceled_by: '',
    last_seen: null,
    retry_at: null,
    git: null,
    source: '/home/me/digits',
    facts: {
      host: '',
      python: '',
      interpreter: '',
      environment_digest: '',
      packages: {},
      phases: {},
      peak_memory_bytes: null,
      signal: null,
      submitted_by: '',
      client_version: ''
    },
    revision: 1,
    ...extra
  };
}

/** The same with what the run has said. */
export function details(
  run: Partial<IRun> = {},
  extra: Partial<IRunDetails> = {}
): IRunDetails {
  return {
    run: aRun(run),
    metrics: {},
    progress: null,
    failure: null,
    phases: [],
    logs: [],
    log_size: 0,
    ...extra
  };
}
