import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICompute } from '../tokens';

export const launcher: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_compute:launcher',
  description: '',
  autoStart: true,
  requires: [ICompute],
  activate: (_app: JupyterFrontEnd, _compute: ICompute) => undefined
};
