import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification, ReactWidget, UseSignal } from '@jupyterlab/apputils';
import type { SidePanel } from '@jupyterlab/ui-components';
import { createElement } from 'react';
import { ServerNotice } from '../components/ServerNotice';
import { Handshake } from '../model/handshake';
import { ICompute } from '../tokens';
import { ISidebar } from './sidebar';

/**
 * Says when the server's part is not there, or is another version.
 */
export const handshake: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_compute:handshake',
  description: 'Looks whether the server fits to the front end.',
  autoStart: true,
  requires: [ICompute],
  optional: [ISidebar],
  activate: (
    app: JupyterFrontEnd,
    { api, changes, status, trans }: ICompute,
    sidebar: ISidebar | null
  ) => {
    const model = new Handshake(api, changes, status);
    let told = '';
    model.changed.connect(() => {
      if (model.advice && model.advice !== told) {
        advise(model, trans);
      }
      told = model.advice;
    });
    if (sidebar) {
      showIn(sidebar.panel, model, trans);
    }
    void app.started.then(() => model.shake());
  }
};

function advise(model: Handshake, trans: ICompute['trans']): void {
  const reload = {
    label: trans.__('Reload the page'),
    callback: () => window.location.reload()
  };
  Notification.warning(model.advice, {
    autoClose: false,
    actions: model.isPageOther ? [reload] : []
  });
}

/** Without the server's part the sections have nothing to show but the same error each. */
function showIn(
  sidebar: SidePanel,
  model: Handshake,
  trans: ICompute['trans']
): void {
  const notice = ReactWidget.create(
    createElement(UseSignal<Handshake, void>, {
      signal: model.changed,
      children: () => {
        const { state, error } = model;
        const onRetry = (): void => void model.shake();
        return createElement(ServerNotice, { state, error, trans, onRetry });
      }
    })
  );
  sidebar.header.addWidget(notice);
  model.changed.connect(() => {
    sidebar.content.setHidden(model.state === 'missing');
    sidebar.toggleClass('jp-mod-serverMissing', model.state === 'missing');
  });
}
