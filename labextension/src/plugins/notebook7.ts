import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { SplitPanel, TabPanel, type Widget } from '@lumino/widgets';

/** The part of the height that pages get when they had next to nothing. */
const ROOM = 0.45;
const NEXT_TO_NOTHING = 0.15;

export function isNotebook7(app: JupyterFrontEnd): boolean {
  return app.name === 'Jupyter Notebook';
}

/**
 * Put a page into Notebook 7: beside the files where there are tabs, else below the one document that a browser tab
 * has.
 */
export function addBeside(app: JupyterFrontEnd, page: Widget): void {
  const [main] = app.shell.widgets('main');
  if (main instanceof TabPanel) {
    main.addWidget(page);
  } else {
    app.shell.add(page, 'down');
  }
}

/** Show a page in Notebook 7, which activates without showing. */
export function showBeside(app: JupyterFrontEnd, page: Widget): void {
  app.shell.activateById(page.id);
  const tabs = page.parent?.parent;
  if (tabs instanceof TabPanel) {
    tabs.currentWidget = page;
    makeRoom(tabs);
  }
  page.activate();
}

/** Put a page where it was before a reload; the document keeps the focus. */
export function reopenBeside(app: JupyterFrontEnd, page: Widget): void {
  addBeside(app, page);
  const tabs = page.parent?.parent;
  if (tabs?.isHidden) {
    tabs.show();
    makeRoom(tabs);
  }
}

/** Notebook 7 opens what is below the document with no height. */
function makeRoom(panel: Widget): void {
  const split = panel.parent;
  if (!(split instanceof SplitPanel)) {
    return;
  }
  const sizes = split.relativeSizes();
  const place = split.widgets.indexOf(panel);
  const size = sizes[place];
  if (size < NEXT_TO_NOTHING) {
    const scale = (1 - ROOM) / (1 - size);
    split.setRelativeSizes(
      sizes.map((one, at) => (at === place ? ROOM : one * scale))
    );
  }
}

/**
 * Which pages are open in this tab of the browser, for after a reload: Notebook 7 restores none, and shares its state
 * between all its tabs.
 */
export class OpenPages<A extends ReadonlyPartialJSONObject> {
  constructor(
    namespace: string,
    private readonly _memory: Storage = window.sessionStorage
  ) {
    this._key = `jupyter_compute:${namespace}:${window.location.pathname}`;
  }

  read(): A[] {
    const found: unknown = JSON.parse(this._memory.getItem(this._key) ?? '[]');
    return Array.isArray(found) ? (found as A[]) : [];
  }

  write(args: readonly A[]): void {
    this._memory.setItem(this._key, JSON.stringify(args));
  }

  private _key: string;
}
