import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Settings } from '../model/settings';
import { translateSchema } from '../model/schema';
import { ICompute, IComputeSettings } from '../tokens';

const ID = 'jupyter_compute:settings';

/**
 * What the user has chosen.
 */
export const settings: JupyterFrontEndPlugin<IComputeSettings> = {
  id: ID,
  description: 'What the user has chosen for compute.',
  autoStart: true,
  requires: [ICompute],
  optional: [ISettingRegistry],
  provides: IComputeSettings,
  activate: (
    app: JupyterFrontEnd,
    { trans }: ICompute,
    registry: ISettingRegistry | null
  ) => {
    const chosen = new Settings();
    if (registry) {
      // The server translates only what core language packs bring.
      registry.transform(ID, {
        fetch: plugin => ({
          ...plugin,
          schema: translateSchema(plugin.schema, trans)
        })
      });
      Promise.all([registry.load(ID), app.restored]).then(
        ([found]) => chosen.follow(found),
        // The registry has said why; the defaults hold.
        () => undefined
      );
    }
    return chosen;
  }
};
