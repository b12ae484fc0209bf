import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  Clipboard,
  Dialog,
  ICommandPalette,
  Notification,
  showDialog
} from '@jupyterlab/apputils';
import {
  copyIcon,
  deleteIcon,
  redoIcon,
  stopIcon
} from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { RunFailures, RunNames } from '../components/RunNames';
import { asMagic, asShell, type Missing } from '../model/copying';
import {
  cancelable,
  deletable,
  forEach,
  type IFailure
} from '../model/runActions';
import { asError } from '../request';
import {
  CommandIDs,
  ICompute,
  IComputeSettings,
  ISelectedRuns
} from '../tokens';
import type { IRunLine } from '../types';

type Args = ReadonlyPartialJSONObject;

/** A run as far as it is known to the one who names it. */
type Named = Pick<IRunLine, 'id' | 'name'>;

/**
 * What can be done with a run from anywhere.
 */
export const runCommands: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_compute:run-commands',
  description: 'Cancels, repeats, deletes and copies runs.',
  autoStart: true,
  requires: [ICompute],
  optional: [ISelectedRuns, IComputeSettings, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    compute: ICompute,
    selected: ISelectedRuns | null,
    settings: IComputeSettings | null,
    palette: ICommandPalette | null
  ) => {
    const commands = new RunCommands(app, compute, selected, settings);
    commands.addOpen();
    commands.addEndings();
    commands.addRerun();
    commands.addCopy();
    const category = compute.trans.__('Compute');
    const ids = [CommandIDs.cancelRun, CommandIDs.rerun, CommandIDs.deleteRuns];
    for (const command of ids) {
      palette?.addItem({ command, category });
      selected?.changed.connect(() =>
        app.commands.notifyCommandChanged(command)
      );
    }
  }
};

class RunCommands {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _compute: ICompute,
    private readonly _selected: ISelectedRuns | null,
    private readonly _settings: IComputeSettings | null
  ) {}

  addOpen(): void {
    const { commands } = this._app;
    commands.addCommand(CommandIDs.openSelectedRuns, {
      label: this._compute.trans.__('Open'),
      isEnabled: () =>
        this._runs({}).length > 0 && commands.hasCommand(CommandIDs.openRun),
      execute: async () => {
        for (const { id } of this._runs({})) {
          await commands.execute(CommandIDs.openRun, { id });
        }
      }
    });
  }

  addEndings(): void {
    const { trans } = this._compute;
    this._app.commands.addCommand(CommandIDs.cancelRun, {
      label: args => {
        const count = cancelable(this._lines(args)).length;
        return trans._n('Cancel Run', 'Cancel %1 Runs', Math.max(count, 1));
      },
      icon: stopIcon,
      isEnabled: args =>
        isNamed(args) || cancelable(this._lines(args)).length > 0,
      execute: args =>
        this._cancel(
          isNamed(args) ? this._runs(args) : cancelable(this._lines(args))
        )
    });
    this._app.commands.addCommand(CommandIDs.deleteRuns, {
      label: args => {
        const count = deletable(this._lines(args)).length;
        return trans._n('Delete Run…', 'Delete %1 Runs…', Math.max(count, 1));
      },
      icon: deleteIcon,
      isEnabled: args =>
        isNamed(args) || deletable(this._lines(args)).length > 0,
      execute: args => this._delete(args)
    });
  }

  addRerun(): void {
    const { trans } = this._compute;
    this._app.commands.addCommand(CommandIDs.rerun, {
      label: trans.__('Run Again'),
      caption: trans.__('Submit the same snapshot and command once more'),
      icon: redoIcon,
      isEnabled: args => this._runs(args).length === 1,
      execute: args => this._rerun(this._runs(args)[0])
    });
  }

  addCopy(): void {
    const { trans } = this._compute;
    this._app.commands.addCommand(CommandIDs.copyRun, {
      label: args => {
        switch (args.as) {
          case 'cli':
            return trans.__('Copy as Command Line');
          case 'id':
            return trans.__('Copy Id');
          default:
            return trans.__('Copy as Magic');
        }
      },
      icon: args => (args.as === 'id' ? copyIcon : undefined),
      isEnabled: args => {
        const [line] = this._lines(args);
        const isCell = args.as === 'cli' && line?.type === 'cell';
        return this._runs(args).length === 1 && !isCell;
      },
      execute: args => this._copy(this._runs(args)[0].id, String(args.as))
    });
  }

  /** The runs that are named, or else those that are selected. */
  private _runs(args: Args): readonly Named[] {
    if (!isNamed(args)) {
      return this._selected?.runs ?? [];
    }
    const ids = Array.isArray(args.ids) ? args.ids : [args.id];
    return ids.map(id => {
      const line = this._known(String(id));
      return { id: String(id), name: line?.name ?? String(id) };
    });
  }

  /** As `_runs`, but only those of which more is known. */
  private _lines(args: Args): readonly IRunLine[] {
    return this._runs(args).flatMap(({ id }) => this._known(id) ?? []);
  }

  private _known(id: string): IRunLine | undefined {
    const lines = [
      ...(this._selected?.runs ?? []),
      ...this._compute.status.active
    ];
    return lines.find(line => line.id === id);
  }

  private async _cancel(runs: readonly Named[]): Promise<void> {
    const { api, trans } = this._compute;
    const failures = await forEach(runs, id => api.cancel(id));
    await tellFailures(
      failures,
      trans._n(
        '%2 of %1 run could not be canceled',
        '%2 of %1 runs could not be canceled',
        runs.length,
        failures.length
      )
    );
  }

  private async _delete(args: Args): Promise<void> {
    const { api, trans } = this._compute;
    const asked = this._runs(args);
    const runs = isNamed(args) ? asked : deletable(this._lines(args));
    const active = asked.length - runs.length;
    if (runs.length === 0 || !(await this._mayDelete(runs, active))) {
      return;
    }
    const failures = await forEach(runs, id => api.deleteRun(id));
    await tellFailures(
      failures,
      trans._n(
        '%2 of %1 run could not be deleted',
        '%2 of %1 runs could not be deleted',
        runs.length,
        failures.length
      )
    );
  }

  private async _mayDelete(
    runs: readonly Named[],
    active: number
  ): Promise<boolean> {
    if (this._settings && !this._settings.confirmDelete) {
      return true;
    }
    const { trans } = this._compute;
    const note =
      active > 0
        ? trans._n(
            '%1 that is not over stays.',
            '%1 that are not over stay.',
            active
          )
        : '';
    const lost = trans.__('Logs, metrics and outputs go with them.');
    const { button } = await showDialog({
      title: trans._n('Delete %1 run?', 'Delete %1 runs?', runs.length),
      body: (
        <RunNames
          names={runs.map(({ name, id }) =>
            name === id ? id : `${name} (${id})`
          )}
          note={`${lost} ${note}`}
          trans={trans}
        />
      ),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Keep') }),
        Dialog.warnButton({ label: trans.__('Delete') })
      ]
    });
    return button.accept;
  }

  private async _rerun(run: Named): Promise<void> {
    const { api, trans } = this._compute;
    const [failure] = await forEach([run], async id => {
      const { id: again } = await api.rerun(id);
      const { commands } = this._app;
      if (commands.hasCommand(CommandIDs.openRun)) {
        await commands.execute(CommandIDs.openRun, { id: again });
      }
    });
    if (failure) {
      await tellFailures(
        [failure],
        trans.__('%1 could not be run again', run.name)
      );
    }
  }

  private async _copy(id: string, as: string): Promise<void> {
    const { api, trans } = this._compute;
    if (as === 'id') {
      Clipboard.copyToSystem(id);
      return;
    }
    try {
      const { run } = await api.run(id);
      const copied = as === 'cli' ? asShell(run) : asMagic(run);
      if (!copied) {
        Notification.warning(
          trans.__('A cell has no command line: copy it as a magic.')
        );
        return;
      }
      Clipboard.copyToSystem(copied.text);
      const notes = copied.missing.map(one => this._note(one));
      Notification.info([trans.__('Copied.'), ...notes].join(' '), {
        autoClose: notes.length > 0 ? 10_000 : 2000
      });
    } catch (thrown) {
      const { message, hint } = asError(thrown);
      Notification.error([message, hint].filter(Boolean).join(' — '));
    }
  }

  private _note(missing: Missing): string {
    const { trans } = this._compute;
    return missing.what === 'file'
      ? trans.__(
          'The environment comes from %1, which must be in the folder.',
          missing.name
        )
      : trans.__('Line ends in its arguments became spaces.');
  }
}

function isNamed(args: Args): boolean {
  return typeof args.id === 'string' || Array.isArray(args.ids);
}

async function tellFailures(
  failures: readonly IFailure[],
  title: string
): Promise<void> {
  if (failures.length > 0) {
    await showDialog({
      title,
      body: <RunFailures failures={failures} />,
      buttons: [Dialog.okButton()]
    });
  }
}
