import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ICompute, IPrompts } from '../tokens';
import { attachPages } from './attachPages';
import { ISidebar } from './sidebar';
import { addTargetCommands } from './targetCommands';
import { targetPages } from './targetPages';
import { targetsSection } from './targetsSection';

/**
 * The targets: the sidebar's list, a page for each, and the form that attaches one.
 */
export const targets: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_compute:targets',
  description: 'Lists, attaches and shows compute targets.',
  autoStart: true,
  requires: [ICompute, ISidebar],
  optional: [IPrompts, ILayoutRestorer, ICommandPalette, INotebookTracker],
  activate: (
    app: JupyterFrontEnd,
    compute: ICompute,
    sidebar: ISidebar,
    prompts: IPrompts | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    notebooks: INotebookTracker | null
  ) => {
    const pages = targetPages(app, compute, restorer, prompts);
    const forms = attachPages(app, compute, restorer);
    addTargetCommands({
      app,
      compute,
      palette,
      notebooks,
      open: name => void pages.open({ name }),
      ...forms
    });
    sidebar.add(targetsSection(app, compute, prompts, notebooks), 10);
  }
};
