import type { JupyterFrontEnd } from '@jupyterlab/application';
import {
  Clipboard,
  Dialog,
  InputDialog,
  Notification,
  showDialog,
  type ICommandPalette
} from '@jupyterlab/apputils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import {
  addIcon,
  copyIcon,
  editIcon,
  notebookIcon,
  refreshIcon
} from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { submitMagic } from '../model/targetStates';
import { asError } from '../request';
import { CommandIDs, type ICompute } from '../tokens';
import { askHowToDetach } from './detachDialog';
import { insertSubmit } from './targetCells';

/** Not part of a translated text, where a percent sign means something. */
const MAGIC = '%%submit';

const ITEM = 'jp-compute-TargetItem';

export interface ITargetCommandsOptions {
  app: JupyterFrontEnd;
  compute: ICompute;
  palette: ICommandPalette | null;
  notebooks: INotebookTracker | null;
  /** Shows the form of a new target. */
  attach: (kind?: string) => void;
  open: (name: string) => void;
  edit: (name: string) => void;
}

/**
 * What can be done with targets, from menus, keys and the palette.
 */
export function addTargetCommands(options: ITargetCommandsOptions): void {
  const { app, compute, palette, notebooks } = options;
  const { trans } = compute;
  const category = trans.__('Compute');
  app.commands.addCommand(CommandIDs.attach, {
    label: args => (args.isToolbar ? '' : trans.__('Attach a Compute Target…')),
    caption: trans.__('Attach a compute target'),
    icon: args => (args.isPalette ? undefined : addIcon),
    execute: args => options.attach(text(args.kind))
  });
  const add = (
    id: string,
    act: (name: string) => void | Promise<void>,
    rest: Partial<CommandRegistry.ICommandOptions>
  ) =>
    app.commands.addCommand(id, {
      ...rest,
      execute: async args => {
        const name = await which(args, options);
        if (name) {
          await act(name);
        }
      }
    });
  add(CommandIDs.openTarget, options.open, {
    label: trans.__('Open Target')
  });
  add(CommandIDs.checkTarget, name => check(name, compute), {
    label: trans.__('Check Target Now'),
    icon: refreshIcon
  });
  add(CommandIDs.editTarget, options.edit, {
    label: trans.__('Edit Options of Target…'),
    icon: editIcon
  });
  add(CommandIDs.detachTarget, name => detach(name, compute), {
    label: trans.__('Detach Target…')
  });
  add(
    CommandIDs.copySubmit,
    name => Clipboard.copyToSystem(submitMagic(name)),
    { label: trans.__('Copy %1 Line of Target', MAGIC), icon: copyIcon }
  );
  add(CommandIDs.insertSubmit, name => insert(name, notebooks), {
    label: trans.__('Insert %1 Cell for Target', MAGIC),
    icon: notebookIcon,
    isEnabled: () => Boolean(notebooks?.currentWidget)
  });
  for (const command of [
    CommandIDs.attach,
    CommandIDs.openTarget,
    CommandIDs.checkTarget,
    CommandIDs.editTarget,
    CommandIDs.detachTarget,
    CommandIDs.insertSubmit
  ]) {
    palette?.addItem({ command, category, args: { isPalette: true } });
  }
}

/** The target that is meant: as said, the one below the pointer, or the one that is chosen now. */
async function which(
  args: ReadonlyPartialJSONObject,
  { app, compute }: ITargetCommandsOptions
): Promise<string | undefined> {
  if (typeof args.name === 'string') {
    return args.name;
  }
  if (args.isMenu) {
    const node = app.contextMenuHitTest(one => one.classList.contains(ITEM));
    return node?.dataset.target;
  }
  const { targets, trans } = compute;
  const items = targets.targets?.map(one => one.name) ?? [];
  const { value } = await InputDialog.getItem({
    title: trans.__('Which target?'),
    items
  });
  return value ?? undefined;
}

async function check(name: string, compute: ICompute): Promise<void> {
  const { targets, trans } = compute;
  try {
    await targets.check(name);
  } catch (thrown) {
    const { message, hint } = asError(thrown);
    Notification.error(
      [trans.__('Target %1: %2', name, message), hint].filter(Boolean).join(' ')
    );
  }
}

async function detach(name: string, compute: ICompute): Promise<void> {
  const { targets, trans } = compute;
  const counts = Object.values(targets.find(name)?.active ?? {});
  const active = counts.reduce((sum, count) => sum + count, 0);
  const asked = await askHowToDetach(name, active, trans);
  if (asked === null) {
    return;
  }
  try {
    await targets.detach(name, asked);
  } catch (thrown) {
    const { message, hint } = asError(thrown);
    await showDialog({
      title: trans.__('%1 is not detached', name),
      body: [message, hint].filter(Boolean).join('\n'),
      buttons: [Dialog.okButton({ label: trans.__('Close') })]
    });
  }
}

async function insert(
  name: string,
  notebooks: INotebookTracker | null
): Promise<void> {
  if (notebooks?.currentWidget) {
    await insertSubmit(name, notebooks.currentWidget);
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
