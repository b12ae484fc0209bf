import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { IStateDB } from '@jupyterlab/statedb';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { computeIcon } from '../components/icons';
import { Choices } from '../model/choices';
import { CommandIDs, ICompute, IComputeSettings } from '../tokens';
import { Subjects } from './subjects';
import { Submitting, type ISubmitArgs } from './submitting';

const SUBMIT_LINE = /^\s*%%submit(\s|$)/;

/**
 * Submits what people look at: a notebook, a cell, a file.
 */
export const submit: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_compute:submit',
  description: 'Submits notebooks, cells and scripts from where they are.',
  autoStart: true,
  requires: [ICompute],
  optional: [
    INotebookTracker,
    IFileBrowserFactory,
    IDocumentManager,
    IStateDB,
    ICommandPalette,
    IComputeSettings
  ],
  activate: (
    app: JupyterFrontEnd,
    compute: ICompute,
    notebooks: INotebookTracker | null,
    browsers: IFileBrowserFactory | null,
    documents: IDocumentManager | null,
    state: IStateDB | null,
    palette: ICommandPalette | null,
    settings: IComputeSettings | null
  ) => {
    const { trans } = compute;
    const { contents } = app.serviceManager;
    const subjects = new Subjects(contents, documents, trans);
    const choices = new Choices(state);
    const submitting = new Submitting(app, compute, choices, settings);
    const wiring = { app, compute, subjects, submitting };
    if (notebooks) {
      addNotebookCommands(wiring, notebooks);
    }
    addFileCommand(wiring, notebooks, browsers);
    for (const command of [CommandIDs.submitNotebook, CommandIDs.submitCell]) {
      palette?.addItem({ command, category: trans.__('Compute') });
    }
  }
};

interface IWiring {
  app: JupyterFrontEnd;
  compute: ICompute;
  subjects: Subjects;
  submitting: Submitting;
}

function addNotebookCommands(
  { app, compute, subjects, submitting }: IWiring,
  notebooks: INotebookTracker
): void {
  const { trans } = compute;
  const isShift = watchShift();
  const act = async (
    args: ReadonlyPartialJSONObject,
    submitOne: (panel: NotebookPanel, asked: ISubmitArgs) => Promise<void>
  ) => {
    const asked = readArgs(args, isShift());
    const panel = notebooks.currentWidget;
    try {
      await (panel && submitOne(panel, asked));
    } catch (thrown) {
      submitting.refuse(thrown);
    }
  };
  app.commands.addCommand(CommandIDs.submitNotebook, {
    label: trans.__('Submit Notebook…'),
    caption: trans.__(
      'Submit this notebook to a compute target (with Shift: as the last time)'
    ),
    icon: computeIcon,
    isEnabled: () => notebooks.currentWidget !== null,
    execute: args =>
      act(args, (panel, asked) =>
        submitting.submit(subjects.notebook(panel), asked)
      )
  });
  app.commands.addCommand(CommandIDs.submitCell, {
    label: trans.__('Submit Cell…'),
    caption: trans.__(
      'Submit this cell to a compute target (with Shift: as the last time)'
    ),
    icon: computeIcon,
    isEnabled: () => notebooks.activeCell?.model.type === 'code',
    isVisible: () => notebooks.activeCell?.model.type === 'code',
    execute: args => act(args, (panel, asked) => submitCell(app, panel, asked))
  });
  const submitCell = async (
    { commands }: JupyterFrontEnd,
    panel: NotebookPanel,
    asked: ISubmitArgs
  ) => {
    const cell = subjects.cell(panel);
    if (cell.subject.type === 'cell' && SUBMIT_LINE.test(cell.subject.code)) {
      // Its own line says how, and only its kernel has the variables that it may send.
      panel.content.deselectAll();
      await commands.execute('notebook:run-cell');
    } else {
      await submitting.submit(cell, asked);
    }
  };
  notebooks.activeCellChanged.connect(() =>
    app.commands.notifyCommandChanged(CommandIDs.submitCell)
  );
}

function addFileCommand(
  { app, compute, subjects, submitting }: IWiring,
  notebooks: INotebookTracker | null,
  browsers: IFileBrowserFactory | null
): void {
  const { trans } = compute;
  const selected = () =>
    browsers?.tracker.currentWidget?.selectedItems().next().value?.path;
  app.commands.addCommand(CommandIDs.submitFile, {
    label: trans.__('Submit to Compute…'),
    caption: trans.__('Submit this file to a compute target'),
    icon: computeIcon,
    execute: async args => {
      const path = (args.path as string | undefined) ?? selected();
      try {
        const panel = notebooks?.find(one => one.context.path === path);
        const what = panel
          ? subjects.notebook(panel)
          : path && (await subjects.file(path));
        await (what && submitting.submit(what, readArgs(args, false)));
      } catch (thrown) {
        submitting.refuse(thrown);
      }
    }
  });
}

function readArgs(
  args: ReadonlyPartialJSONObject,
  isShift: boolean
): ISubmitArgs {
  return {
    target: typeof args.target === 'string' ? args.target : undefined,
    immediately: args.immediately === true || isShift
  };
}

/** A toolbar's button does not tell its command which keys are held; some act when they are pressed, others when clicked. */
function watchShift(): () => boolean {
  let isHeld = false;
  const note = (event: MouseEvent) => {
    isHeld = event.shiftKey;
    // The command runs within the event; what comes later was not clicked.
    window.setTimeout(() => (isHeld = false));
  };
  document.addEventListener('mousedown', note, true);
  document.addEventListener('click', note, true);
  return () => isHeld;
}
