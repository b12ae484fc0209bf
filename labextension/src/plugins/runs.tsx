import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, ReactWidget } from '@jupyterlab/apputils';
import { IStateDB } from '@jupyterlab/statedb';
import { deleteIcon, stopIcon, UseSignal } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import { compareIcon, computeIcon } from '../components/icons';
import { RunsSection, type IFirstStep } from '../components/RunsSection';
import type { IRunsAction } from '../components/RunsToolbar';
import { asFilter } from '../model/runFilter';
import { cancelable, comparable, deletable } from '../model/runActions';
import { RunList } from '../model/runList';
import { RunSelection } from '../model/runSelection';
import { CommandIDs, ICompute, ISelectedRuns } from '../tokens';
import type { IRunFilter, IRunLine } from '../types';
import { ISidebar } from './sidebar';

const FILTER_KEY = 'jupyter_compute:runs-filter';

/**
 * The list of runs in the sidebar.
 */
export const runs: JupyterFrontEndPlugin<ISelectedRuns> = {
  id: 'jupyter_compute:runs',
  description: 'The list of runs.',
  autoStart: true,
  requires: [ICompute, ISidebar],
  optional: [IStateDB, ICommandPalette],
  provides: ISelectedRuns,
  activate: (
    app: JupyterFrontEnd,
    compute: ICompute,
    sidebar: ISidebar,
    state: IStateDB | null,
    palette: ICommandPalette | null
  ) => {
    const { api, changes, trans } = compute;
    const list = new RunList(api, changes);
    const selection = new RunSelection(list, changes);
    const section = new RunsPanel(app, compute, list, selection);
    sidebar.add(section, 20);
    void keepFilter(list, state);
    app.commands.addCommand(CommandIDs.showRuns, {
      label: trans.__('Show Runs'),
      icon: computeIcon,
      execute: async args => {
        if (Object.keys(args).length > 0) {
          const { sort } = list.filter;
          list.setFilter({ sort, ...asFilter(args) });
        }
        await app.commands.execute(CommandIDs.show);
      }
    });
    palette?.addItem({
      command: CommandIDs.showRuns,
      category: trans.__('Compute')
    });
    return selection;
  }
};

/** Have the filter as it was before the page was loaded again. */
async function keepFilter(list: RunList, state: IStateDB | null) {
  const kept = await state?.fetch(FILTER_KEY).catch(() => undefined);
  const filter = asFilter(kept);
  if (Object.keys(filter).length > 0 && Object.keys(list.filter).length === 0) {
    list.setFilter(filter);
  }
  list.filtered.connect(() => {
    void state?.save(FILTER_KEY, { ...list.filter });
  });
}

class RunsPanel extends ReactWidget {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _compute: ICompute,
    private readonly _list: RunList,
    private readonly _selection: RunSelection
  ) {
    super();
    this.addClass('jp-compute-RunsPanel');
    this.title.label = _compute.trans.__('Runs');
    this.id = 'jp-compute-runs';
    this._actions = this._makeActions();
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._seen.emit();
  }

  protected onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._seen.emit();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._seen.emit();
  }

  protected render(): JSX.Element {
    const { targets } = this._compute;
    return (
      <UseSignal signal={this._seen}>
        {() => (
          <UseSignal signal={targets.changed}>
            {() => (
              <UseSignal signal={this._compute.status.changed}>
                {() => this._section()}
              </UseSignal>
            )}
          </UseSignal>
        )}
      </UseSignal>
    );
  }

  private _section(): JSX.Element {
    const { trans, status, targets } = this._compute;
    return (
      <RunsSection
        list={this._list}
        selection={this._selection}
        counts={status.counts}
        targets={targets.targets?.map(({ name }) => name) ?? []}
        actions={this._actions}
        firstSteps={this._firstSteps()}
        isShown={this.isVisible}
        trans={trans}
        onFilter={(filter: IRunFilter) => this._list.setFilter(filter)}
        onOpen={id => this._run(CommandIDs.openRun, { id })}
        onDelete={() => this._run(CommandIDs.deleteRuns)}
      />
    );
  }

  private _makeActions(): IRunsAction[] {
    const { trans } = this._compute;
    const withIds = (command: string) => (runs: readonly IRunLine[]) =>
      this._run(command, { ids: runs.map(({ id }) => id) });
    return [
      {
        id: 'compare',
        label: trans.__('Compare'),
        icon: compareIcon,
        fits: comparable,
        act: withIds(CommandIDs.compareRuns)
      },
      {
        id: 'cancel',
        label: trans.__('Cancel'),
        icon: stopIcon,
        fits: cancelable,
        act: withIds(CommandIDs.cancelRun)
      },
      {
        id: 'delete',
        label: trans.__('Delete'),
        icon: deleteIcon,
        fits: deletable,
        // Of all that are selected: the question says which of them stay.
        act: () => this._run(CommandIDs.deleteRuns)
      }
    ];
  }

  /** What this page offers for a beginning. */
  private _firstSteps(): IFirstStep[] {
    const { commands } = this._app;
    return [CommandIDs.submitNotebook, CommandIDs.attach]
      .filter(id => commands.hasCommand(id) && commands.isEnabled(id))
      .map(id => ({ label: commands.label(id), act: () => this._run(id) }));
  }

  private _run(command: string, args = {}): void {
    const { commands } = this._app;
    if (commands.hasCommand(command)) {
      void commands.execute(command, args);
    }
  }

  private _seen = new Signal<this, void>(this);
  private readonly _actions: readonly IRunsAction[];
}
