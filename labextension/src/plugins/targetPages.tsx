import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { ReactWidget } from '@jupyterlab/ui-components';
import { TargetPage } from '../components/TargetPage';
import { titleOf } from '../components/TargetList';
import { TargetRuns } from '../model/targetRuns';
import { asError } from '../request';
import { CommandIDs, type ICompute, type IPrompts } from '../tokens';
import type { TargetAction } from '../types';
import { computeIcon } from '../components/icons';
import { Live } from './live';
import { Pages } from './pages';

export interface ITargetArgs {
  [key: string]: string;
  name: string;
}

/**
 * The pages of targets.
 */
export function targetPages(
  app: JupyterFrontEnd,
  compute: ICompute,
  restorer: ILayoutRestorer | null,
  prompts: IPrompts | null
): Pages<ITargetArgs> {
  return new Pages<ITargetArgs>({
    app,
    restorer,
    namespace: 'compute-target',
    command: CommandIDs.openTarget,
    icon: computeIcon,
    key: ({ name }) => name,
    label: ({ name }) => name,
    create: ({ name }) => targetPage(name, app, compute, prompts)
  });
}

function targetPage(
  name: string,
  { commands }: JupyterFrontEnd,
  compute: ICompute,
  prompts: IPrompts | null
): ReactWidget {
  const { api, changes, targets, trans } = compute;
  const runs = new TargetRuns(api, changes, name);
  const run = (id: string) => void commands.execute(id, { name });
  const draw = () => {
    const target = targets.find(name);
    return (
      <TargetPage
        name={name}
        target={target}
        kind={titleOf(target?.kind ?? '', targets.kinds)}
        isLoading={targets.targets === null}
        isChecking={targets.checking.has(name)}
        isAsking={prompts?.model.asking.has(name) ?? false}
        error={targets.error}
        runs={{
          runs: runs.runs,
          total: runs.total,
          error: runs.error,
          onOpen: id => void commands.execute(CommandIDs.openRun, { id }),
          onShowAll: () =>
            void commands.execute(CommandIDs.showRuns, { target: name }),
          onRetry: () => void runs.refresh()
        }}
        trans={trans}
        onCheck={() => run(CommandIDs.checkTarget)}
        onEdit={() => run(CommandIDs.editTarget)}
        onDetach={() => run(CommandIDs.detachTarget)}
        onCopy={() => run(CommandIDs.copySubmit)}
        onInsert={() => run(CommandIDs.insertSubmit)}
        onAnswer={() => prompts?.show(name)}
        onManage={action => void manage(name, action, compute)}
        onRetry={() => void targets.refresh()}
      />
    );
  };
  const asking = prompts ? [prompts.model.changed] : [];
  const page = new Live(draw, [targets.changed, runs.changed, ...asking]);
  page.addClass('jp-compute-Page');
  page.disposed.connect(() => runs.dispose());
  return page;
}

async function manage(
  name: string,
  action: TargetAction,
  { targets, trans }: ICompute
): Promise<void> {
  if (action === 'remove') {
    const { button } = await showDialog({
      title: trans.__('Delete the compute behind %1?', name),
      body: trans.__('What is stored only there is lost.'),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.warnButton({ label: trans.__('Delete') })
      ]
    });
    if (!button.accept) {
      return;
    }
  }
  try {
    await targets.manage(name, action);
  } catch (thrown) {
    const { message, hint } = asError(thrown);
    Notification.error([message, hint].filter(Boolean).join(' '));
  }
}
