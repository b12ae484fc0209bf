import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Widget } from '@lumino/widgets';

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
    const { restorer, namespace, command } = _options;
    this.tracker = new WidgetTracker({ namespace });
    if (restorer) {
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
    const { app, namespace, key, label, create, icon } = this._options;
    const id = `${namespace}-${key(args)}`;
    let page = this.tracker.find(widget => widget.id === id);
    if (!page) {
      page = new MainAreaWidget({ content: create(args) });
      page.id = id;
      page.title.label = label(args);
      page.title.icon = icon;
      page.title.closable = true;
      page.toolbar.hide();
      this._args.set(page, args);
      void this.tracker.add(page);
    }
    if (!page.isAttached) {
      app.shell.add(page, mainArea(app));
    }
    app.shell.activateById(page.id);
    return page;
  }

  /** What a page is opened with after a reload, when it is not what it was opened with now. */
  keep(page: MainAreaWidget<Widget>, args: A): void {
    this._args.set(page, args);
    void this.tracker.save(page);
  }

  private _args = new WeakMap<object, A>();
}

/** Notebook 7 has one document in its main area, and room for more below it. */
function mainArea(app: JupyterFrontEnd): string {
  return app.name === 'Jupyter Notebook' ? 'down' : 'main';
}
