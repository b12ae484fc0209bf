import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker } from '@jupyterlab/notebook';
import {
  CommandToolbarButton,
  PanelWithToolbar
} from '@jupyterlab/ui-components';
import { Menu } from '@lumino/widgets';
import { TargetList } from '../components/TargetList';
import { CommandIDs, type ICompute, type IPrompts } from '../tokens';
import { Live } from './live';
import { dragTarget } from './targetCells';

/** What the menu of a target offers; the context menu has the same, from the schema. */
const MENU = [
  CommandIDs.openTarget,
  CommandIDs.checkTarget,
  CommandIDs.editTarget,
  CommandIDs.insertSubmit,
  CommandIDs.copySubmit,
  CommandIDs.detachTarget
];

/**
 * The sidebar's section with the targets.
 */
export function targetsSection(
  { commands }: JupyterFrontEnd,
  { targets, trans }: ICompute,
  prompts: IPrompts | null,
  notebooks: INotebookTracker | null
): PanelWithToolbar {
  const run = (id: string, name?: string) =>
    void commands.execute(id, name === undefined ? {} : { name });
  const showMenu = (name: string, button: HTMLElement) => {
    const menu = new Menu({ commands });
    MENU.forEach(command => menu.addItem({ command, args: { name } }));
    const { left, bottom } = button.getBoundingClientRect();
    // The command must have been carried out before the menu goes.
    menu.aboutToClose.connect(() =>
      requestAnimationFrame(() => menu.dispose())
    );
    menu.open(left, bottom);
  };
  const draw = () => (
    <TargetList
      targets={targets.targets}
      kinds={targets.kinds}
      checking={targets.checking}
      asking={prompts?.model.asking ?? new Set()}
      error={targets.error}
      trans={trans}
      onAttach={() => run(CommandIDs.attach)}
      onRetry={() => void targets.refresh()}
      onOpen={name => run(CommandIDs.openTarget, name)}
      onCheck={name => run(CommandIDs.checkTarget, name)}
      onMore={showMenu}
      onDrag={(name, event) => void dragTarget(name, event, notebooks)}
      onAnswer={name => prompts?.show(name)}
    />
  );
  const changes = [
    targets.changed,
    ...(prompts ? [prompts.model.changed] : [])
  ];
  const content = new Live(draw, changes);
  content.addClass('jp-compute-TargetsSection');
  // Kinds import what they need, so nobody waits for them at the start. Without them a kind goes by its short name.
  content.shown.connect(() => void targets.loadKinds().catch(() => undefined));
  const panel = new PanelWithToolbar();
  panel.title.label = trans.__('Targets');
  panel.addWidget(content);
  panel.toolbar.addItem(
    'attach',
    new CommandToolbarButton({
      commands,
      id: CommandIDs.attach,
      args: { isToolbar: true },
      label: ''
    })
  );
  return panel;
}
