import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { IStateDB } from '@jupyterlab/statedb';
import { computeIcon } from '../components/icons';
import { CellRuns } from '../model/cellRuns';
import { HiddenRuns } from '../model/hiddenRuns';
import { Renames } from '../model/renames';
import { asError } from '../request';
import { CommandIDs, ICompute } from '../tokens';
import { CellFooters } from './cellFooters';

/**
 * Shows the last run of a cell below the cell.
 */
export const cells: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_compute:cells',
  description: 'Shows the last run of a cell below the cell.',
  autoStart: true,
  requires: [ICompute],
  optional: [INotebookTracker, IStateDB, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    compute: ICompute,
    notebooks: INotebookTracker | null,
    state: IStateDB | null,
    palette: ICommandPalette | null
  ) => {
    if (!notebooks) {
      return;
    }
    const hidden = new HiddenRuns(state);
    void app.restored.then(() => hidden.load());
    const books = new Books(app, compute, new Renames(state));
    const open = (id: string) => {
      void app.commands.execute(CommandIDs.openRun, { id });
    };
    const follow = (panel: NotebookPanel) => {
      const runs = books.runsOf(panel);
      const cancel = (id: string) =>
        void runs.cancel(id).catch(thrown => {
          Notification.error(asError(thrown).message);
        });
      const { trans } = compute;
      new CellFooters(panel, { trans, runs, hidden, open, cancel });
    };
    notebooks.widgetAdded.connect((_, panel) => follow(panel));
    notebooks.forEach(follow);
    addCommand(app, compute, notebooks, books);
    palette?.addItem({
      command: CommandIDs.openCellRun,
      category: compute.trans.__('Compute')
    });
  }
};

function addCommand(
  app: JupyterFrontEnd,
  { trans }: ICompute,
  notebooks: INotebookTracker,
  books: Books
): void {
  const find = () => {
    const { currentWidget: panel, activeCell: cell } = notebooks;
    const id = cell?.model.sharedModel.getId();
    return panel && id ? books.runsOf(panel).find(id) : undefined;
  };
  app.commands.addCommand(CommandIDs.openCellRun, {
    label: trans.__('Open the Last Run of This Cell'),
    icon: computeIcon,
    isEnabled: () => !!find(),
    execute: () => app.commands.execute(CommandIDs.openRun, { id: find()?.id })
  });
}

/** The runs of each notebook, once for all of its views. */
class Books {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _compute: ICompute,
    private readonly _renames: Renames
  ) {}

  runsOf({ context }: NotebookPanel): CellRuns {
    return this._runs.get(context) ?? this._add(context);
  }

  private _add(context: DocumentRegistry.Context): CellRuns {
    const { contents } = this._app.serviceManager;
    const { api, changes } = this._compute;
    let path = contents.localPath(context.path);
    const runs = new CellRuns(api, changes, [path]);
    this._runs.set(context, runs);
    void context.ready
      .then(() => this._renames.pathsOf(path))
      .then(paths => runs.rename(paths));
    context.pathChanged.connect((_, now) => {
      const before = path;
      path = contents.localPath(now);
      void this._renames.rename(before, path).then(paths => runs.rename(paths));
    });
    context.disposed.connect(() => runs.dispose());
    return runs;
  }

  private _runs = new WeakMap<DocumentRegistry.Context, CellRuns>();
}
