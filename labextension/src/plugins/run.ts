import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
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
  optional: [ILayoutRestorer, IRenderMimeRegistry],
  provides: IRunTabs,
  activate: (
    app: JupyterFrontEnd,
    compute: ICompute,
    restorer: ILayoutRestorer | null,
    rendermime: IRenderMimeRegistry | null
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
    app.commands.addCommand(CommandIDs.openRun, {
      label: compute.trans.__('Open Run'),
      caption: compute.trans.__('Open the page of a run'),
      execute: args => {
        const { id, tab } = args as RunPageArgs;
        const page = pages.open(tab ? { id, tab } : { id });
        const content = page.content as RunPageWidget;
        if (tab) {
          content.showTab(tab);
        }
      }
    });
    pages.tracker.widgetAdded.connect((_, page) => {
      const content = page.content as RunPageWidget;
      content.tabChanged.connect(({ id }, tab) =>
        pages.keep(page, { id, tab })
      );
    });
    return tabs;
  }
};

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
