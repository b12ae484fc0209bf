import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICompute } from '../tokens';

export const statusbar: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_compute:statusbar',
  description: '',
  autoStart: true,
  requires: [ICompute],
  activate: (_app: JupyterFrontEnd, _compute: ICompute) => undefined
};
