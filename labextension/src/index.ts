import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

/**
 * The extension's presence in the front end; the sidebar will stand on it.
 */
const plugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_compute:plugin',
  description: 'Compute targets and runs.',
  autoStart: true,
  activate: (_app: JupyterFrontEnd) => undefined
};

export default plugin;
