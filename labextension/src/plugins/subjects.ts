import type { IDocumentManager } from '@jupyterlab/docmanager';
import type * as nbformat from '@jupyterlab/nbformat';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Subject } from '../model/draft';
import { readParameters, type IParameter } from '../model/parameters';
import { ComputeError } from '../request';
import { placeOf, saveDocument } from './documents';

/** Something to submit, and how it is saved before. */
export interface ISubmittable {
  subject: Subject;
  /** The kernel that it would run in here; empty if that is not known. */
  kernel: string;
  save: () => Promise<void>;
}

/** Makes what is submitted out of what people look at. */
export class Subjects {
  constructor(
    private readonly _contents: Contents.IManager,
    private readonly _documents: IDocumentManager | null,
    private readonly _trans: TranslationBundle
  ) {}

  /** @throws {ComputeError} The notebook is on another drive. */
  notebook(panel: NotebookPanel): ISubmittable {
    const cells = panel.content.model?.sharedModel.cells ?? [];
    const parameters = parametersOf(cells.map(cell => cell.toJSON()));
    const path = this._place(panel.context.path);
    return {
      subject: { type: 'notebook', path, parameters },
      kernel: kernelOf(panel),
      save: () => saveDocument(panel.context, this._trans)
    };
  }

  /** @throws {ComputeError} The notebook is on another drive, or the active cell is no code. */
  cell(panel: NotebookPanel): ISubmittable {
    const cell = panel.content.activeCell?.model;
    const trans = this._trans;
    if (cell?.type !== 'code') {
      throw new ComputeError(
        0,
        'Refused',
        trans.__('The active cell holds no code.'),
        trans.__('Choose a code cell, and submit that one.')
      );
    }
    const code = cell.sharedModel.getSource();
    if (!code.trim()) {
      throw new ComputeError(0, 'Refused', trans.__('The cell is empty.'));
    }
    const path = this._place(panel.context.path);
    const cellId = cell.sharedModel.getId();
    return {
      subject: { type: 'cell', path, code, cellId },
      kernel: kernelOf(panel),
      save: () => this._saveForCell(panel)
    };
  }

  /** @throws {ComputeError} The file is on another drive, or is nothing that runs. */
  async file(fullPath: string): Promise<ISubmittable> {
    const path = this._place(fullPath);
    const save = () => this._saveOpen(fullPath);
    if (path.endsWith('.py')) {
      return { subject: { type: 'script', path }, kernel: '', save };
    }
    if (path.endsWith('.ipynb')) {
      const content = await this._read(fullPath);
      const parameters = parametersOf(content.cells ?? []);
      const kernel = content.metadata?.kernelspec?.name ?? '';
      return { subject: { type: 'notebook', path, parameters }, kernel, save };
    }
    const trans = this._trans;
    throw new ComputeError(
      0,
      'Refused',
      trans.__('%1 is neither a Python script nor a notebook.', path),
      trans.__('In a notebook, %submit runs any program.')
    );
  }

  private _place(path: string): string {
    return placeOf(this._contents, path, this._trans);
  }

  private async _read(
    path: string
  ): Promise<Partial<nbformat.INotebookContent>> {
    const { content } = await this._contents.get(path, { type: 'notebook' });
    return (content ?? {}) as Partial<nbformat.INotebookContent>;
  }

  /** The cell goes along by itself, so a notebook that cannot be saved does not stop it. */
  private async _saveForCell({ context }: NotebookPanel): Promise<void> {
    if (context.canSave && !context.model.readOnly) {
      await saveDocument(context, this._trans);
    }
  }

  /** Save a file that is being edited in whatever editor. */
  private async _saveOpen(path: string): Promise<void> {
    const widget = this._documents?.findWidget(path, null);
    const context = widget && this._documents?.contextForWidget(widget);
    if (context) {
      await saveDocument(context, this._trans);
    }
  }
}

function parametersOf(cells: readonly nbformat.IBaseCell[]): IParameter[] {
  const found = cells.find(
    cell =>
      cell.cell_type === 'code' && cell.metadata.tags?.includes('parameters')
  );
  return found ? readParameters([found.source].flat().join('')) : [];
}

function kernelOf({ sessionContext }: NotebookPanel): string {
  return (
    sessionContext.session?.kernel?.name ??
    sessionContext.kernelPreference.name ??
    ''
  );
}
