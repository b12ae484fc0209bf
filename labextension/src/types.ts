/**
 * What the server says and takes, name for name as `openapi.yaml` has it. Times are seconds since the epoch.
 */
import type { PartialJSONObject } from '@lumino/coreutils';

export type RunState =
  | 'queued'
  | 'preparing'
  | 'running'
  | 'finalizing'
  | 'completed'
  | 'failed'
  | 'canceled';

/** Every state, in the order that a run goes through them. */
export const RUN_STATES: readonly RunState[] = [
  'queued',
  'preparing',
  'running',
  'finalizing',
  'completed',
  'failed',
  'canceled'
];

export type CommandType = 'cell' | 'script' | 'notebook' | 'argv';

/** A number; `nan` and `inf` are text. */
export type Value = number | string;

export interface IError {
  error: string;
  message: string;
  hint: string;
}

export interface IVersion {
  version: string;
  api: number;
  controller: string | null;
  advice: string;
}

export interface IStatus {
  counts: Record<RunState, number>;
  revision: number;
  workspace: string;
  controller: PartialJSONObject | null;
}

export interface IKind {
  kind: string;
  title: string;
  /** The JSON Schema of its options. */
  options: PartialJSONObject;
  error: IError | null;
}

export interface IProblem {
  message: string;
  remedy: string;
  fatal: boolean;
}

export interface ITargetInfo {
  resource_id: string;
  host: string;
  python: string;
  cpus: number;
  gpus: string[];
  memory_gb: number;
  slots: number | null;
  facts: Record<string, string>;
  problems: IProblem[];
}

export type TargetAction = 'create' | 'start' | 'stop' | 'remove';

/** How something that is done with the compute behind a target goes. */
export interface IProvisioning {
  action: TargetAction;
  state: 'queued' | 'running' | 'done' | 'failed';
  /** Why it failed. */
  message: string;
  since: number;
}

export interface ITarget {
  name: string;
  kind: string;
  options: PartialJSONObject;
  resource_id: string;
  /** What the last check that found anything found. */
  info: ITargetInfo | null;
  checked: number | null;
  /** What the last check said if it went wrong. */
  error: IError | null;
  /** How many runs there are not over, by state. */
  active: Partial<Record<RunState, number>>;
  /** What can be done with the compute behind it. */
  actions: TargetAction[];
  provisioning: IProvisioning | null;
}

/** What a target would be, looked at before it is attached. */
export interface IChecked {
  resource_id: string;
  /** The target that is attached to the same place, or empty. */
  attached_as: string;
  info: ITargetInfo | null;
  error: IError | null;
}

export interface IAttach {
  name: string;
  kind: string;
  options: PartialJSONObject;
  replace?: boolean;
}

/** A question that a target asks, such as for a password. */
export interface IPrompt {
  id: string;
  target: string;
  type: 'secret' | 'text' | 'confirm';
  message: string;
  created: number;
  /** Whether the answer may be kept for the next time. */
  can_keep: boolean;
  /** Where it would be kept: `keyring`, or the path of a file. */
  keep_in: string;
  /** Whether the last answer was refused. */
  again: boolean;
}

export interface IPromptAnswer {
  /** `null` declines to answer. */
  answer: string | null;
  keep?: boolean;
}

export interface IRunLine {
  id: string;
  experiment: string;
  name: string;
  target: string;
  type: CommandType;
  /** The path of the script or notebook, or the program. */
  what: string;
  state: RunState;
  attempt: number;
  created: number;
  revision: number;
  reason: string;
  error: string;
  exit_code: number | null;
  started: number | null;
  ended: number | null;
  cancel_requested: number | null;
  last_seen: number | null;
  /** When a silent target is asked again. */
  retry_at: number | null;
  parent_id: string | null;
  rerun_of: string | null;
  /** Where the cell stands. */
  notebook: string;
  cell_id: string;
  source: string;
  gpus: number;
  params: PartialJSONObject;
  tags: Record<string, string>;
  metrics: Record<string, Value> | null;
}

export interface IRuns {
  runs: IRunLine[];
  cursor: string;
  total: number;
  revision: number;
}

export interface IChanges {
  runs: IRunLine[];
  deleted: string[];
  revision: number;
  has_more: boolean;
}

/** The last run of each cell of a notebook, by the cell's id. */
export interface ICells {
  cells: Record<string, IRunLine>;
}

export type SortField =
  'created' | 'started' | 'ended' | 'name' | 'state' | 'target' | 'experiment';

export interface IRunFilter {
  text?: string;
  state?: RunState[];
  target?: string;
  experiment?: string;
  notebook?: string;
  parent_id?: string;
  tag?: string[];
  sort?: SortField | `-${SortField}`;
}

export interface IRunPageQuery extends IRunFilter {
  limit?: number;
  offset?: number;
  cursor?: string;
  metrics?: boolean;
}

export type Command =
  | {
      type: 'cell';
      code: string;
      notebook?: string;
      cell_id?: string;
      outputs?: string[];
      allow_pickle?: boolean;
    }
  | { type: 'script'; path: string; args?: string[] }
  | { type: 'notebook'; path: string }
  | { type: 'argv'; argv: string[] };

export type Environment =
  | { type: 'python'; interpreter: string }
  | {
      type: 'packages';
      requirements: string[];
      files: Record<string, string>;
      python: string;
    }
  | { type: 'conda'; text: string }
  | { type: 'image'; image: string; dockerfile: string };

export type Distribution = 'none' | 'mpi' | 'pytorch' | 'tensorflow';

export interface IResources {
  nodes: number;
  processes_per_node: number;
  cpus: number | null;
  gpus: number;
  memory_gb: number | null;
  time_limit_min: number | null;
  distribution: Distribution;
}

export interface ISubmit {
  command: Command;
  /** The folder to capture, relative to the folder that Jupyter shows. */
  source: string;
  target?: string;
  name?: string;
  experiment?: string;
  params?: PartialJSONObject;
  environment?: Environment | string | string[] | null;
  resources?: Partial<IResources>;
  env?: Record<string, string>;
  secrets?: Record<string, string>;
  tags?: Record<string, string>;
  follow_links?: boolean | null;
}

export interface IGitState {
  repository: string;
  branch: string;
  commit: string;
  dirty: boolean;
}

export interface IRunFacts {
  host: string;
  python: string;
  interpreter: string;
  environment_digest: string;
  packages: Record<string, string>;
  /** Seconds of each phase. */
  phases: Record<string, number>;
  peak_memory_bytes: number | null;
  signal: number | null;
  submitted_by: string;
  client_version: string;
}

export interface IInputFile {
  path: string;
  digest: string;
  size: number;
  codec: string;
  name: string;
  type: string;
}

export interface IRun {
  id: string;
  experiment: string;
  name: string;
  target: string;
  snapshot_id: string;
  command: Command;
  params: PartialJSONObject;
  environment: Environment;
  resources: IResources;
  env: Record<string, string>;
  secrets: Record<string, string>;
  inputs: IInputFile[];
  state: RunState;
  reason: string;
  error: string;
  attempt: number;
  job_id: string;
  exit_code: number | null;
  parent_id: string | null;
  rerun_of: string | null;
  tags: Record<string, string>;
  created: number;
  started: number | null;
  ended: number | null;
  cancel_requested: number | null;
  canceled_by: string;
  last_seen: number | null;
  /** When a silent target is asked again. */
  retry_at: number | null;
  git: IGitState | null;
  source: string;
  facts: IRunFacts;
  revision: number;
}

export interface IProgress {
  t: number;
  fraction: number;
  label: string;
}

export interface IFailure {
  t: number;
  ename: string;
  evalue: string;
  traceback: string[];
  line: number | null;
  file: string;
  source: string;
}

export interface IPhase {
  t: number;
  name: string;
  seconds: number | null;
}

export interface IRunDetails {
  run: IRun;
  /** The last value of each metric. */
  metrics: Record<string, Value>;
  progress: IProgress | null;
  failure: IFailure | null;
  phases: IPhase[];
  logs: string[];
  log_size: number;
}

/** The values of a metric in order, column by column. */
export interface ISeries {
  step: (number | null)[];
  t: number[];
  value: Value[];
}

export interface IMetrics {
  metrics: Record<string, ISeries>;
}

export interface ITables {
  tables: Record<string, PartialJSONObject[]>;
}

export interface ILists {
  lists: Record<string, Value[]>;
}

export interface IImage {
  t: number;
  name: string;
  path: string;
  mime: string;
  step: number | null;
}

export interface IImages {
  images: IImage[];
}

export interface IDisplay {
  t: number;
  data: PartialJSONObject;
  metadata: PartialJSONObject;
  /** A JSON file under `results/` that holds the bundle, when it is large. */
  path: string;
  display_id: string;
  update: boolean;
}

export interface IDisplays {
  displays: IDisplay[];
}

export interface IVariable {
  t: number;
  name: string;
  path: string;
  codec: string;
  size: number;
  python_type: string;
  error: string;
}

export interface IVariables {
  variables: Record<string, IVariable>;
}

export interface ILogs {
  /** Name → size in bytes. */
  logs: Record<string, number>;
  attempt: number;
  is_final: boolean;
}

export interface IOutputFile {
  path: string;
  size: number;
  /** Whether all of it has arrived on the server. */
  is_here: boolean;
}

export interface IOutputs {
  outputs: IOutputFile[];
}

export interface ISnapshotFile {
  path: string;
  digest: string;
  size: number;
  mode: number;
  link: string | null;
}

export interface ISizeEntry {
  path: string;
  files: number;
  bytes: number;
}

export interface ICaptured {
  id: string;
  files: ISnapshotFile[];
  /** Sizes of folders and files; the first one is the whole. */
  tree: ISizeEntry[];
}

export interface ISizeTree {
  tree: ISizeEntry[];
}

/** Something that is left out, and the rule that decides. */
export interface IExcluded {
  path: string;
  source: string;
  line: number;
  pattern: string;
}

export interface IPreview {
  source: string;
  files: number;
  bytes: number;
  largest: ISizeEntry[];
  excluded: IExcluded[];
  limit_bytes: number;
  /** Lines for `.amlignore`. */
  suggestions: string[];
}

export interface IExplanation {
  path: string;
  is_included: boolean;
  rule: IExcluded | null;
}

/** A line that was added to a folder's `.amlignore`. */
export interface IIgnored {
  line: string;
  /** Whether the file is new; it then holds the rules that git had, too. */
  created: boolean;
}

/** The beginning of a file, for people. */
export interface IPeek {
  path: string;
  size: number;
  kind: 'text' | 'table' | 'notebook' | 'image' | 'binary';
  mime: string;
  text: string;
  rows: string[][];
  notebook: PartialJSONObject | null;
  is_whole: boolean;
}

/** How two runs differ: each mapping goes from a name to the first's and the second's value. */
export interface IDifference {
  first: string;
  second: string;
  files: Record<string, 'added' | 'removed' | 'changed'>;
  /** Path → a unified diff. */
  texts: Record<string, string>;
  params: Record<string, [unknown, unknown]>;
  environment: Record<string, [unknown, unknown]>;
  metrics: Record<string, [unknown, unknown]>;
  fields: Record<string, [unknown, unknown]>;
}

/** What is to become of the runs and files at a target that is detached. */
export interface IDetachAsked {
  cancel: boolean;
  purge: boolean;
}

/** A message on Jupyter's event bus. */
export interface IChange {
  seq: number;
  time: number;
  revision: number;
  what: 'run' | 'data' | 'deleted' | 'targets' | 'prompts' | 'many';
  run_id?: string;
  state?: RunState;
  target?: string;
  name?: string;
  reason?: string;
  retry_at?: number | null;
  attempt?: number;
}
