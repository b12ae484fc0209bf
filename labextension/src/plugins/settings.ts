import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Settings } from '../model/settings';
import { IComputeSettings } from '../tokens';

const ID = 'jupyter_compute:settings';

/**
 * What the user has chosen.
 */
export const settings: JupyterFrontEndPlugin<IComputeSettings> = {
  id: ID,
  description: 'What the user has chosen for compute.',
  autoStart: true,
  optional: [ISettingRegistry],
  provides: IComputeSettings,
  activate: (app: JupyterFrontEnd, registry: ISettingRegistry | null) => {
    const chosen = new Settings();
    if (registry) {
      Promise.all([registry.load(ID), app.restored]).then(
        ([found]) => chosen.follow(found),
        // The registry has said why; the defaults hold.
        () => undefined
      );
    }
    return chosen;
  }
};
