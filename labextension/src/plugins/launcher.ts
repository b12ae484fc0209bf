import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ILauncher } from '@jupyterlab/launcher';
import { CommandIDs, ICompute } from '../tokens';

/**
 * A card in the launcher that shows the sidebar.
 */
export const launcher: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_compute:launcher',
  description: 'Puts compute into the launcher.',
  autoStart: true,
  requires: [ICompute],
  optional: [ILauncher],
  activate: (
    _app: JupyterFrontEnd,
    { trans }: ICompute,
    launcher: ILauncher | null
  ) => {
    launcher?.add({
      command: CommandIDs.show,
      args: { isLauncher: true },
      category: trans.__('Other'),
      rank: 20
    });
  }
};
