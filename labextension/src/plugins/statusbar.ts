import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ReactWidget, UseSignal } from '@jupyterlab/apputils';
import { IStatusBar } from '@jupyterlab/statusbar';
import type { SidePanel } from '@jupyterlab/ui-components';
import { MessageLoop } from '@lumino/messaging';
import { createElement } from 'react';
import { StatusItem } from '../components/StatusItem';
import { Glance } from '../model/glance';
import { CommandIDs, ICompute } from '../tokens';
import { ISidebar } from './sidebar';

/**
 * The runs in the status bar.
 */
export const statusbar: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_compute:statusbar',
  description: 'Shows in the status bar how many runs there are.',
  autoStart: true,
  requires: [ICompute],
  optional: [IStatusBar, ISidebar],
  activate: (
    app: JupyterFrontEnd,
    { api, status, trans }: ICompute,
    statusBar: IStatusBar | null,
    sidebar: ISidebar | null
  ) => {
    if (!statusBar) {
      return;
    }
    const key = `jupyter_compute:failed:${api.settings.baseUrl}`;
    const glance = new Glance(status, key);
    if (sidebar) {
      watch(sidebar.panel, glance);
    }
    const onOpen = (): void => void app.commands.execute(CommandIDs.show);
    const item = ReactWidget.create(
      createElement(UseSignal<Glance, void>, {
        signal: glance.changed,
        children: () => {
          const { running, queued, failed } = glance;
          const props = { running, queued, failed, trans, onOpen };
          return createElement(StatusItem, props);
        }
      })
    );
    statusBar.registerStatusItem('jupyter_compute:statusbar', {
      item,
      align: 'left',
      rank: 3,
      isActive: () => glance.isUsed,
      activeStateChanged: glance.changed
    });
  }
};

/** The user looks at the runs while the sidebar is shown in a page that is seen. */
function watch(sidebar: SidePanel, glance: Glance): void {
  const look = (): void => glance.look(sidebar.isVisible && !document.hidden);
  MessageLoop.installMessageHook(sidebar, (_, message) => {
    if (['after-show', 'after-hide', 'after-attach'].includes(message.type)) {
      // Only then does the panel know that it is seen.
      requestAnimationFrame(look);
    }
    return true;
  });
  document.addEventListener('visibilitychange', look);
}
