import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Widget } from '@lumino/widgets';
import {
  addBeside,
  isNotebook7,
  OpenPages,
  reopenBeside,
  showBeside
} from './notebook7';

export interface IPagesOptions<A extends ReadonlyPartialJSONObject> {
  app: JupyterFrontEnd;
  restorer: ILayoutRestorer | null;
  /** Names the pages' sort, such as `compute-run`. */
  namespace: string;
  /** The command that opens a page of this sort with the same arguments. */
  command: string;
  icon: LabIcon;
  /** What tells one page of this sort from another. */
  key: (args: A) => string;
  label: (args: A) => string;
  create: (args: A) => Widget;
}

/**
 * Pages of one sort in the main area: each is opened once, and comes back after a reload.
 */
export class Pages<A extends ReadonlyPartialJSONObject> {
  constructor(private readonly _options: IPagesOptions<A>) {
    const { app, restorer, namespace, command } = _options;
    this.tracker = new WidgetTracker({ namespace });
    if (isNotebook7(app)) {
      this._remembered = new OpenPages(namespace);
      void app.restored.then(() => this._reopen());
    } else if (restorer) {
      void restorer.restore(this.tracker, {
        command,
        args: widget => this._args.get(widget) ?? {},
        name: widget => widget.id
      });
    }
  }

  readonly tracker: WidgetTracker<MainAreaWidget<Widget>>;

  /** Show the page for these arguments. */
  open(args: A): MainAreaWidget<Widget> {
    const { app } = this._options;
    const page = this._find(args) ?? this._make(args);
    if (isNotebook7(app)) {
      if (!page.isAttached) {
        addBeside(app, page);
      }
      showBeside(app, page);
    } else {
      if (!page.isAttached) {
        app.shell.add(page, 'main');
      }
      app.shell.activateById(page.id);
    }
    return page;
  }

  /** What a page is opened with after a reload, when it is not what it was opened with now. */
  keep(page: MainAreaWidget<Widget>, args: A): void {
    this._args.set(page, args);
    void this.tracker.save(page);
    this._remember();
  }

  private _find(args: A): MainAreaWidget<Widget> | undefined {
    return this.tracker.find(page => page.id === this._id(args));
  }

  private _make(args: A): MainAreaWidget<Widget> {
    const { create, icon, label } = this._options;
    const page = new MainAreaWidget({ content: create(args) });
    page.id = this._id(args);
    page.title.label = label(args);
    page.title.icon = icon;
    page.title.closable = true;
    page.toolbar.hide();
    this._args.set(page, args);
    void this.tracker.add(page).then(() => this._remember());
    page.disposed.connect(() => this._remember());
    return page;
  }

  private _id(args: A): string {
    return `${this._options.namespace}-${this._options.key(args)}`;
  }

  private _reopen(): void {
    for (const args of this._remembered?.read() ?? []) {
      if (!this._find(args)) {
        reopenBeside(this._options.app, this._make(args));
      }
    }
  }

  private _remember(): void {
    const open: A[] = [];
    this.tracker.forEach(page => {
      const args = this._args.get(page);
      if (args && !page.isDisposed) {
        open.push(args);
      }
    });
    this._remembered?.write(open);
  }

  private _args = new WeakMap<object, A>();
  private _remembered: OpenPages<A> | null = null;
}
