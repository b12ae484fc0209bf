import type { IRunDetails } from '../types';

/** What the rows of a part of the table are about. */
export type GroupId = 'run' | 'params' | 'environment' | 'metrics';

/** One thing that each of the runs has a value of. */
export interface ICompareRow {
  name: string;
  /** In the order of the runs; `undefined` where a run has none. */
  values: unknown[];
  differs: boolean;
}

export interface ICompareGroup {
  id: GroupId;
  rows: ICompareRow[];
}

/** The rows of the group `run`, in order. */
export const RUN_FIELDS = [
  'state',
  'error',
  'what',
  'args',
  'target',
  'experiment',
  'created',
  'seconds',
  'exit_code',
  'attempt',
  'host',
  'resources',
  'tags',
  'source',
  'branch',
  'commit',
  'changes',
  'snapshot'
] as const;

export type RunField = (typeof RUN_FIELDS)[number];

/**
 * Put runs side by side: what each of them is, was given, ran in and measured.
 */
export function compareTable(runs: readonly IRunDetails[]): ICompareGroup[] {
  // One that never started has no packages, which is no difference to tell line by line.
  const hasPackages = runs.every(
    ({ run }) => Object.keys(run.facts.packages).length > 0
  );
  return [
    { id: 'run', rows: rows(runs.map(fieldsOf), RUN_FIELDS) },
    { id: 'params', rows: rows(runs.map(({ run }) => run.params)) },
    { id: 'metrics', rows: rows(runs.map(({ metrics }) => metrics)) },
    {
      id: 'environment',
      rows: rows(runs.map(details => environmentOf(details, hasPackages)))
    }
  ];
}

/** The groups without what is the same everywhere. */
export function onlyDifferences(
  groups: readonly ICompareGroup[]
): ICompareGroup[] {
  return groups.map(({ id, rows }) => ({
    id,
    rows: rows.filter(row => row.differs)
  }));
}

type Facts = Record<string, unknown>;

function rows(
  facts: readonly Facts[],
  order: readonly string[] = [...new Set(facts.flatMap(Object.keys))].sort()
): ICompareRow[] {
  return order
    .map(name => {
      const values = facts.map(one => one[name]);
      return { name, values, differs: new Set(values.map(keyOf)).size > 1 };
    })
    .filter(({ values }) => values.some(value => !isNothing(value)));
}

function fieldsOf({ run, failure }: IRunDetails): Facts {
  const { command, facts, git } = run;
  const fields: Record<RunField, unknown> = {
    state: run.state,
    error: run.error || failure?.evalue,
    what: whatOf(run.command),
    args: command.type === 'script' ? command.args : undefined,
    target: run.target,
    experiment: run.experiment,
    created: run.created,
    seconds:
      run.started !== null && run.ended !== null
        ? run.ended - run.started
        : undefined,
    exit_code: run.exit_code,
    attempt: run.attempt,
    host: facts.host,
    resources: needsOf(run.resources),
    tags: run.tags,
    source: run.source,
    branch: git?.branch,
    commit: git?.commit.slice(0, 12),
    changes: git?.dirty,
    snapshot: run.snapshot_id.slice(0, 12)
  };
  return fields;
}

function whatOf(command: IRunDetails['run']['command']): string {
  switch (command.type) {
    case 'cell':
      return command.notebook ?? '';
    case 'argv':
      return command.argv.join(' ');
    default:
      return command.path;
  }
}

/** What was asked for beyond the usual. */
function needsOf(resources: IRunDetails['run']['resources']): Facts {
  const usual: Facts = {
    nodes: 1,
    processes_per_node: 1,
    gpus: 0,
    distribution: 'none'
  };
  return Object.fromEntries(
    Object.entries(resources).filter(
      ([name, value]) => value !== null && value !== usual[name]
    )
  );
}

function environmentOf({ run }: IRunDetails, hasPackages: boolean): Facts {
  const { type, ...rest } = run.environment;
  return {
    type,
    ...rest,
    python: run.facts.python || undefined,
    ...(hasPackages ? run.facts.packages : {})
  };
}

function keyOf(value: unknown): string {
  return isNothing(value) ? '' : JSON.stringify(value);
}

function isNothing(value: unknown): boolean {
  const isEmpty =
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).length === 0;
  return value === undefined || value === null || value === '' || isEmpty;
}
