import type { TranslationBundle } from '@jupyterlab/translation';
import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';
import type { Api } from './api';
import type { Changes } from './model/changes';
import type { Prompts } from './model/prompts';
import type { RunModel } from './model/run';
import type { Settings } from './model/settings';
import type { Status } from './model/status';
import type { Targets } from './model/targets';
import type { IRunLine } from './types';

/** What every part of the front end stands on. */
export interface ICompute {
  readonly api: Api;
  readonly changes: Changes;
  readonly targets: Targets;
  readonly status: Status;
  readonly trans: TranslationBundle;
}

export const ICompute = new Token<ICompute>(
  'jupyter_compute:ICompute',
  'Compute targets and runs: the server, and what changes there.'
);

/** What the user has chosen in the settings, live. */
export type IComputeSettings = Settings;

export const IComputeSettings = new Token<IComputeSettings>(
  'jupyter_compute:IComputeSettings',
  'What the user has chosen for compute.'
);

/** A tab of a run's page. */
export interface IRunTab {
  /** What `compute:open-run` calls it. */
  readonly id: string;
  /** The lower ones stand first. */
  readonly rank: number;
  readonly label: string;
  /** Make its content, when it is first looked at; it is hidden and shown, and disposed of with the page. */
  create(model: RunModel): Widget;
}

/** The tabs that a run's page has. */
export interface IRunTabs {
  /** Add a tab to every run's page. */
  add(tab: IRunTab): void;
}

export const IRunTabs = new Token<IRunTabs>(
  'jupyter_compute:IRunTabs',
  'The tabs of the page of a run.'
);

/** The runs that are selected in the sidebar's list. */
export interface ISelectedRuns {
  readonly runs: readonly IRunLine[];
  readonly changed: ISignal<unknown, void>;
}

export const ISelectedRuns = new Token<ISelectedRuns>(
  'jupyter_compute:ISelectedRuns',
  'The runs that are selected in the sidebar.'
);

/** What targets ask, such as for a password. */
export interface IPrompts {
  readonly model: Prompts;
  /** Show the first question of a target, if it asks one. */
  show: (target: string) => void;
}

export const IPrompts = new Token<IPrompts>(
  'jupyter_compute:IPrompts',
  'The questions that compute targets ask.'
);

export namespace CommandIDs {
  /** Show the sidebar. */
  export const show = 'compute:show';
  /** Show the runs that match, in the sidebar. Args: `target?`, `experiment?`, `notebook?`, `state?`, `text?`. */
  export const showRuns = 'compute:show-runs';
  /** Attach a target: the form. Args: `kind?`. */
  export const attach = 'compute:attach';
  /** Args: `name`. */
  export const openTarget = 'compute:open-target';
  /** Args: `name`. */
  export const checkTarget = 'compute:check-target';
  /** Args: `name`. */
  export const editTarget = 'compute:edit-target';
  /** Args: `name`. */
  export const detachTarget = 'compute:detach-target';
  /** A cell for the target below the active one. Args: `name`. */
  export const insertSubmit = 'compute:insert-submit';
  /** The line that runs a cell on the target. Args: `name`. */
  export const copySubmit = 'compute:copy-submit';
  /** Asks for the id if there is none. Args: `id?`, `tab?` (`log`, `metrics`, `results`, `outputs`, `snapshot`, `details`). */
  export const openRun = 'compute:open-run';
  /** The runs that are selected in the sidebar, each on its page. */
  export const openSelectedRuns = 'compute:open-selected-runs';
  /** Args: `id` or `ids`; without args the runs that are selected in the sidebar. */
  export const cancelRun = 'compute:cancel-run';
  /** Args: `id`, or the run that is selected; opens the new run. */
  export const rerun = 'compute:rerun';
  /** Args: `id` or `ids`, or the runs that are selected. Asks first. */
  export const deleteRuns = 'compute:delete-runs';
  /** Args: `ids`, two or more, or the runs that are selected. */
  export const compareRuns = 'compute:compare-runs';
  /** Args: `as` (`magic`, `cli` or `id`); `id`, or the run that is selected. */
  export const copyRun = 'compute:copy-run';
  /** The notebook that is looked at. Args: `target?`. */
  export const submitNotebook = 'compute:submit-notebook';
  /** The active cell. Args: `target?`. */
  export const submitCell = 'compute:submit-cell';
  /** A file; without args the one that is selected in the file browser. Args: `path?`, `target?`. */
  export const submitFile = 'compute:submit-file';
  /** The page of a cell's last run. */
  export const openCellRun = 'compute:open-cell-run';
}
