import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICompute } from '../tokens';

export const notifications: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_compute:notifications',
  description: '',
  autoStart: true,
  requires: [ICompute],
  activate: (_app: JupyterFrontEnd, _compute: ICompute) => undefined
};
