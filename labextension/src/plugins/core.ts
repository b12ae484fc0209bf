import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Api } from '../api';
import { Changes } from '../model/changes';
import { translateKind } from '../model/kinds';
import { Status } from '../model/status';
import { Targets } from '../model/targets';
import { ICompute } from '../tokens';

/**
 * The server and what changes there. Everything else stands on it.
 */
export const core: JupyterFrontEndPlugin<ICompute> = {
  id: 'jupyter_compute:core',
  description: 'Speaks with the compute server extension.',
  autoStart: true,
  optional: [ITranslator],
  provides: ICompute,
  activate: (app: JupyterFrontEnd, translator: ITranslator | null) => {
    const { serverSettings, events } = app.serviceManager;
    const api = new Api(serverSettings);
    const changes = new Changes(events);
    const trans = (translator ?? nullTranslator).load('jupyter_compute');
    const targets = new Targets(api, changes, kind =>
      translateKind(kind, trans)
    );
    const status = new Status(api, changes);
    void app.started.then(() => {
      void targets.refresh();
      void status.refresh();
    });
    return { api, changes, targets, status, trans };
  }
};
