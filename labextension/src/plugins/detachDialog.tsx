import { Dialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { DetachForm } from '../components/DetachForm';
import type { IDetachAsked } from '../types';
import { DialogBody } from './dialogBody';

class DetachBody
  extends DialogBody
  implements Dialog.IBodyWidget<IDetachAsked>
{
  constructor(
    private readonly _active: number,
    private readonly _trans: TranslationBundle
  ) {
    super();
  }

  getValue(): IDetachAsked {
    return this._asked;
  }

  protected render(): JSX.Element {
    return (
      <DetachForm
        active={this._active}
        onChange={asked => {
          this._asked = asked;
        }}
        trans={this._trans}
      />
    );
  }

  private _asked: IDetachAsked = { cancel: false, purge: false };
}

/**
 * Ask how a target is to be detached; `null` when it is not.
 */
export async function askHowToDetach(
  name: string,
  active: number,
  trans: TranslationBundle
): Promise<IDetachAsked | null> {
  const { button, value } = await new Dialog<IDetachAsked>({
    title: trans.__('Detach %1?', name),
    body: new DetachBody(active, trans),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Detach') })
    ],
    defaultButton: 1
  }).launch();
  return button.accept ? value : null;
}
