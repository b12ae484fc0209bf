import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, InputDialog } from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { computeIcon } from '../components/icons';
import { RunModel } from '../model/run';
import { CommandIDs, ICompute, IRunTabs } from '../tokens';
import { Pages } from './pages';
import { detailsTab } from './runDetails';
import { RunActionList } from './runActions';
import { RunPageWidget } from './runPage';
import { RunTabs } from './runTabs';

// Arguments of commands must be a type: an interface has no index signature.
type RunPageArgs = { id: string; tab?: string };

/**
 * The page of a run; what its tabs hold comes from other plugins.
 */
export const run: JupyterFrontEndPlugin<IRunTabs> = {
  id: 'jupyter_compute:run',
  description: 'The page of a run.',
  autoStart: true,
  requires: [ICompute],
  optional: [ILayoutRestorer, IRenderMimeRegistry, ICommandPalette],
  provides: IRunTabs,
  activate: (
    app: JupyterFrontEnd,
    compute: ICompute,
    restorer: ILayoutRestorer | null,
    rendermime: IRenderMimeRegistry | null,
    palette: ICommandPalette | null
  ) => {
    const tabs = new RunTabs();
    tabs.add(detailsTab(app, compute, rendermime));
    const pages = new Pages<RunPageArgs>({
      app,
      restorer,
      namespace: 'compute-run',
      command: CommandIDs.openRun,
      icon: computeIcon,
      key: ({ id }) => id,
      label: ({ id }) => id,
      create: args => {
        const content = createPage(app, compute, tabs, args);
        content.tabChanged.connect((_, tab) => {
          const page = pages.tracker.find(one => one.content === content);
          if (page) {
            pages.keep(page, { id: args.id, tab });
          }
        });
        return content;
      }
    });
    const { trans } = compute;
    app.commands.addCommand(CommandIDs.openRun, {
      label: args => (args.id ? trans.__('Open Run') : trans.__('Open Run…')),
      caption: trans.__('Open the page of a run'),
      execute: async args => {
        const id = args.id ? String(args.id) : await askForId(trans);
        const tab = args.tab ? String(args.tab) : '';
        if (id) {
          const page = pages.open(tab ? { id, tab } : { id });
          if (tab) {
            (page.content as RunPageWidget).showTab(tab);
          }
        }
      }
    });
    palette?.addItem({
      command: CommandIDs.openRun,
      category: trans.__('Compute')
    });
    return tabs;
  }
};

/** An id comes from the command line, say, or from a colleague. */
async function askForId(trans: TranslationBundle): Promise<string> {
  const answer = await InputDialog.getText({
    title: trans.__('Open Run'),
    label: trans.__('The id of the run'),
    placeholder: 'r…',
    okLabel: trans.__('Open')
  });
  return answer.button.accept ? (answer.value ?? '').trim() : '';
}

function createPage(
  app: JupyterFrontEnd,
  compute: ICompute,
  tabs: RunTabs,
  { id, tab }: RunPageArgs
): RunPageWidget {
  const model = new RunModel(compute.api, compute.changes, id);
  const actions = new RunActionList(app, compute, model);
  return new RunPageWidget({
    compute,
    model,
    tabs,
    tab,
    commands: app.commands,
    actions: () => actions.list()
  });
}
