import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { Signal, type ISignal } from '@lumino/signaling';

/**
 * A widget that is drawn again whenever one of several things changes.
 */
export class Live extends ReactWidget {
  constructor(
    private readonly _draw: () => JSX.Element,
    changes: readonly ISignal<unknown, unknown>[]
  ) {
    super();
    changes.forEach(changed => changed.connect(this.update, this));
  }

  /** Somebody looks at it from now on. */
  get shown(): ISignal<this, void> {
    return this._shown;
  }

  dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  protected render(): JSX.Element {
    return this._draw();
  }

  protected onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._shown.emit();
  }

  protected onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    if (this.isVisible) {
      this._shown.emit();
    }
  }

  private _shown = new Signal<this, void>(this);
}
