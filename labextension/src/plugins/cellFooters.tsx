import { ReactWidget } from '@jupyterlab/apputils';
import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import type { PanelLayout } from '@lumino/widgets';
import { CellRun } from '../components/CellRun';
import type { CellRuns } from '../model/cellRuns';
import type { HiddenRuns } from '../model/hiddenRuns';
import { isStale } from '../model/staleness';
import type { IRunLine } from '../types';

export interface IFooterOptions {
  trans: TranslationBundle;
  runs: CellRuns;
  hidden: HiddenRuns;
  open: (runId: string) => void;
  cancel: (runId: string) => void;
}

/**
 * Keeps a footer below each cell of one view of a notebook that has a run.
 */
export class CellFooters implements IDisposable {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _options: IFooterOptions
  ) {
    const { content } = _panel;
    _options.runs.changed.connect(this._sync, this);
    _options.hidden.changed.connect(this._sync, this);
    content.modelChanged.connect(this._watchCells, this);
    _panel.disposed.connect(this.dispose, this);
    this._watchCells();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      Signal.disconnectReceiver(this);
    }
  }

  private _watchCells(): void {
    this._panel.content.model?.cells.changed.connect(this._later, this);
    this._sync();
  }

  /** The notebook makes the widgets of new cells when it hears of them, too. */
  private _later(): void {
    void Promise.resolve().then(() => this._sync());
  }

  private _sync(): void {
    if (this._isDisposed || this._panel.isDisposed) {
      return;
    }
    for (const cell of this._panel.content.widgets) {
      if (cell.model.type === 'code') {
        this._tend(cell);
      }
    }
  }

  private _tend(cell: Cell): void {
    const run = this._runOf(cell);
    const footer = this._footers.get(cell);
    if (footer && run) {
      footer.showRun(run);
    } else if (footer) {
      this._footers.delete(cell);
      footer.dispose();
    } else if (run && !this._waiting.has(cell)) {
      this._waiting.add(cell);
      // Until it is scrolled to, a cell is only a place that is held free.
      void cell.ready.then(() => this._add(cell));
    }
  }

  private _add(cell: Cell): void {
    this._waiting.delete(cell);
    const run = this._runOf(cell);
    if (run && !this._isDisposed && !cell.isDisposed) {
      const footer = new CellFooter(cell, run, this._options);
      (cell.layout as PanelLayout).addWidget(footer);
      this._footers.set(cell, footer);
    }
  }

  private _runOf(cell: Cell): IRunLine | undefined {
    const { runs, hidden } = this._options;
    const run = runs.find(cell.model.sharedModel.getId());
    return run && !hidden.has(run.id) ? run : undefined;
  }

  private _footers = new WeakMap<Cell, CellFooter>();
  private _waiting = new WeakSet<Cell>();
  private _isDisposed = false;
}

/**
 * A cell's last run, below the cell.
 */
class CellFooter extends ReactWidget {
  constructor(
    private readonly _cell: Cell,
    private _run: IRunLine,
    private readonly _options: IFooterOptions
  ) {
    super();
    this.addClass('jp-compute-CellFooter');
    // Otherwise Enter on a button would begin to edit the cell.
    this.node.setAttribute('data-lm-suppress-shortcuts', 'true');
    _cell.model.contentChanged.connect(this.update, this);
  }

  showRun(run: IRunLine): void {
    const isOther = run.id !== this._run.id;
    this._run = run;
    if (isOther && this.isAttached) {
      void this._options.runs.load(run.id);
    }
    this.update();
  }

  render(): JSX.Element {
    const { trans, runs, hidden, open, cancel } = this._options;
    const { id } = this._run;
    const details = runs.details(id);
    const source = this._cell.model.sharedModel.getSource();
    return (
      <CellRun
        trans={trans}
        run={this._run}
        progress={details?.progress ?? null}
        isStale={!!details?.code && isStale(source, details.code)}
        onOpen={() => open(id)}
        onCancel={() => cancel(id)}
        onDismiss={() => void hidden.hide(id)}
      />
    );
  }

  dispose(): void {
    Signal.disconnectReceiver(this);
    super.dispose();
  }

  protected onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    if (!this._options.runs.details(this._run.id)) {
      void this._options.runs.load(this._run.id);
    }
  }
}
