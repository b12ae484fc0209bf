import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { Claims } from '../model/claims';
import { askPermission, desktopOf, showOnDesktop } from '../model/desktop';
import { Endings, type IEnding } from '../model/endings';
import { isWanted, tell } from '../model/telling';
import { CommandIDs, IComputeSettings, ICompute } from '../tokens';

/**
 * Tells when runs end, once in a browser.
 */
export const notifications: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_compute:notifications',
  description: 'Tells when runs end.',
  autoStart: true,
  requires: [ICompute, IComputeSettings],
  activate: (
    app: JupyterFrontEnd,
    { api, changes, status, trans }: ICompute,
    settings: IComputeSettings
  ) => {
    const claims = new Claims();
    const endings = new Endings(api, changes, status);
    endings.ended.connect(async (_, ended) => {
      const wanted = ended.filter(one => isWanted(one, settings.notify));
      const free = new Set(await claims.claim(wanted.map(nameOf)));
      const told = wanted.filter(one => free.has(nameOf(one)));
      if (told.length > 0) {
        show(app, told, trans, settings.desktopNotifications);
      }
    });
    askWhenSwitchedOn(settings, trans);
  }
};

function nameOf({ id, attempt, state }: IEnding): string {
  return `${id}:${attempt}:${state}`;
}

function show(
  app: JupyterFrontEnd,
  endings: readonly IEnding[],
  trans: ICompute['trans'],
  isOnDesktop: boolean
): void {
  const { message, type, autoClose } = tell(endings, trans);
  const [first] = endings;
  const openLog = (): void =>
    void app.commands.execute(CommandIDs.openRun, { id: first.id, tab: 'log' });
  const showRuns = (): void => void app.commands.execute(CommandIDs.show);
  const action =
    endings.length === 1
      ? { label: trans.__('Open log'), callback: openLog }
      : { label: trans.__('Show runs'), callback: showRuns };
  Notification.emit(message, type, { autoClose, actions: [action] });
  if (isOnDesktop && document.hidden) {
    showOnDesktop(desktopOf(), message, nameOf(first), action.callback);
  }
}

/** The browser asks the user when the setting is switched on, not when the page starts. */
function askWhenSwitchedOn(
  settings: IComputeSettings,
  trans: ICompute['trans']
): void {
  let wasOn: boolean | null = null;
  settings.changed.connect(async () => {
    const isOn = settings.desktopNotifications;
    const isSwitchedOn = isOn && wasOn === false;
    wasOn = isOn;
    if (!isSwitchedOn || document.hidden) {
      return;
    }
    const permission = await askPermission(desktopOf());
    if (permission !== 'granted') {
      Notification.warning(
        trans.__(
          'The browser does not let this page show notifications. Allow it in the browser’s settings of this page.'
        ),
        { autoClose: false }
      );
    }
  });
}
