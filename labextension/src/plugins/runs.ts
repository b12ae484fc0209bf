import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICompute } from '../tokens';

export const runs: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_compute:runs',
  description: '',
  autoStart: true,
  requires: [ICompute],
  activate: (_app: JupyterFrontEnd, _compute: ICompute) => undefined
};
