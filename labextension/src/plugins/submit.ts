import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICompute } from '../tokens';

export const submit: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_compute:submit',
  description: '',
  autoStart: true,
  requires: [ICompute],
  activate: (_app: JupyterFrontEnd, _compute: ICompute) => undefined
};
