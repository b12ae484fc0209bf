import type { ICodeCell } from '@jupyterlab/nbformat';
import {
  NotebookActions,
  type INotebookTracker,
  type NotebookPanel
} from '@jupyterlab/notebook';
import { MimeData } from '@lumino/coreutils';
import { Drag } from '@lumino/dragdrop';
import { submitMagic } from '../model/targetStates';

const LOAD = '%load_ext jupyter_compute';
const CELL_MIME = 'application/vnd.jupyter.cells';

/**
 * Make the cells that run code on a target; the first one loads the magics, where the notebook does not yet.
 */
export function submitCells(
  target: string,
  notebook: NotebookPanel | null
): ICodeCell[] {
  const cells = notebook?.content.model?.sharedModel.cells ?? [];
  const isLoaded = cells.some(cell => cell.getSource().includes(LOAD));
  const sources = [...(isLoaded ? [] : [LOAD]), `${submitMagic(target)}\n`];
  return sources.map(source => ({
    cell_type: 'code',
    source,
    metadata: {},
    execution_count: null,
    outputs: []
  }));
}

/**
 * Insert the cells for a target below the active one, and begin to edit.
 */
export function insertSubmit(target: string, notebook: NotebookPanel): void {
  const { content } = notebook;
  if (!content.model) {
    return;
  }
  const cells = submitCells(target, notebook);
  const place = content.activeCellIndex + 1;
  content.model.sharedModel.insertCells(place, cells);
  content.activeCellIndex = place + cells.length - 1;
  content.deselectAll();
  void NotebookActions.focusActiveCell(content, {
    waitUntilReady: true,
    preventScroll: false
  });
  content.mode = 'edit';
  const editor = content.activeCell?.editor;
  editor?.setCursorPosition({ line: 1, column: 0 });
}

/**
 * Drag a target: dropped into a notebook it becomes a cell. As text alone it would land within the cell below the pointer.
 */
export async function dragTarget(
  target: string,
  event: PointerEvent,
  notebooks: INotebookTracker | null
): Promise<void> {
  const mimeData = new MimeData();
  mimeData.setData(
    CELL_MIME,
    submitCells(target, notebooks?.currentWidget ?? null)
  );
  const image = document.createElement('div');
  image.className = 'jp-compute-TargetDrag';
  image.textContent = submitMagic(target);
  const drag = new Drag({
    mimeData,
    dragImage: image,
    supportedActions: 'copy-move',
    proposedAction: 'copy'
  });
  await drag.start(event.clientX, event.clientY);
}
