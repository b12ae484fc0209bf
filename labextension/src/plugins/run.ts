import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICompute, IRunTabs } from '../tokens';
import { RunTabs } from './runTabs';

/**
 * The page of a run; what its tabs hold comes from other plugins.
 */
export const run: JupyterFrontEndPlugin<IRunTabs> = {
  id: 'jupyter_compute:run',
  description: 'The page of a run.',
  autoStart: true,
  requires: [ICompute],
  provides: IRunTabs,
  activate: (_app: JupyterFrontEnd, _compute: ICompute) => new RunTabs()
};
