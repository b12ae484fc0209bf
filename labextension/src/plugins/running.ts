import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import {
  IRunningSessionManagers,
  type IRunningSessions
} from '@jupyterlab/running';
import { stopIcon } from '@jupyterlab/ui-components';
import { runStateIcon } from '../components/icons';
import { cancelAll } from '../model/canceling';
import { formatTime } from '../model/format';
import { stateLabel } from '../model/states';
import { asError } from '../request';
import { CommandIDs, ICompute } from '../tokens';
import type { IRunLine } from '../types';

/**
 * The runs that are not over, beside the kernels and terminals that run.
 */
export const running: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_compute:running',
  description: 'Lists runs among the things that run.',
  autoStart: true,
  requires: [ICompute],
  optional: [IRunningSessionManagers],
  activate: (
    app: JupyterFrontEnd,
    { api, status, trans }: ICompute,
    managers: IRunningSessionManagers | null
  ) => {
    const report = async (act: Promise<unknown>): Promise<void> => {
      try {
        await act;
      } catch (thrown) {
        const { message, hint } = asError(thrown);
        Notification.error([message, hint].filter(Boolean).join('\n'));
      }
    };
    const item = (run: IRunLine): IRunningSessions.IRunningItem => ({
      open: () => void app.commands.execute(CommandIDs.openRun, { id: run.id }),
      shutdown: () => void report(api.cancel(run.id)),
      icon: () => runStateIcon(run.state),
      label: () => run.name || run.id,
      labelTitle: () => title(run, trans),
      detail: () => stateLabel(run.state, trans)
    });
    managers?.add({
      name: trans.__('Compute runs'),
      running: () => status.active.map(item),
      shutdownAll: () => void report(cancelAll(api, trans)),
      refreshRunning: () => void status.refresh(),
      runningChanged: status.changed,
      shutdownLabel: trans.__('Cancel'),
      shutdownAllLabel: trans.__('Cancel All'),
      shutdownAllConfirmationText: trans.__(
        'Cancel all runs that are not over, whoever started them?'
      ),
      shutdownItemIcon: stopIcon
    });
  }
};

function title(run: IRunLine, trans: ICompute['trans']): string {
  const parts = [
    trans.__('Run: %1', run.id),
    trans.__('Target: %1', run.target),
    trans.__('State: %1', stateLabel(run.state, trans)),
    run.reason && trans.__('Reason: %1', run.reason),
    trans.__('Submitted: %1', formatTime(run.created))
  ];
  return parts.filter(Boolean).join('\n');
}
