import { Widget } from '@lumino/widgets';
import { flushSync } from 'react-dom';
import { createRoot, type Root } from 'react-dom/client';

/**
 * What a dialog shows, drawn before the dialog looks for the field that gets the focus. A `ReactWidget` gets it
 * once the browser is idle; until then, what is typed into the dialog goes to whatever was used before it.
 */
export abstract class DialogBody extends Widget {
  protected abstract render(): JSX.Element;

  protected onAfterAttach(): void {
    const root = createRoot(this.node);
    flushSync(() => root.render(this.render()));
    this._root = root;
  }

  protected onBeforeDetach(): void {
    this._root?.unmount();
    this._root = null;
  }

  private _root: Root | null = null;
}
