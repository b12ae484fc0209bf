import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { SidePanel } from '@jupyterlab/ui-components';
import { Token } from '@lumino/coreutils';
import type { Widget } from '@lumino/widgets';
import { computeIcon } from '../components/icons';
import { CommandIDs, ICompute } from '../tokens';

/** The sidebar, for those who have a section in it. */
export interface ISidebar {
  readonly panel: SidePanel;
  /** Add a section; those with lower ranks stand above, in whatever order plugins start. */
  add(section: Widget, rank: number): void;
}

export const ISidebar = new Token<ISidebar>(
  'jupyter_compute:ISidebar',
  'The compute sidebar.'
);

/**
 * The sidebar; its sections come from other plugins.
 */
export const sidebar: JupyterFrontEndPlugin<ISidebar> = {
  id: 'jupyter_compute:sidebar',
  description: 'The compute sidebar.',
  autoStart: true,
  requires: [ICompute],
  optional: [ILayoutRestorer, ICommandPalette],
  provides: ISidebar,
  activate: (
    app: JupyterFrontEnd,
    { trans }: ICompute,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null
  ) => {
    const panel = new SidePanel();
    panel.id = 'jp-compute-sidebar';
    panel.addClass('jp-compute-Sidebar');
    panel.title.icon = computeIcon;
    panel.title.caption = trans.__('Compute');
    panel.node.setAttribute('role', 'region');
    panel.node.setAttribute('aria-label', trans.__('Compute'));
    restorer?.add(panel, panel.id);
    app.shell.add(panel, 'left', { rank: 350, type: 'Compute' });
    app.commands.addCommand(CommandIDs.show, {
      label: args =>
        args.isLauncher
          ? trans.__('Compute')
          : trans.__('Show Compute Targets and Runs'),
      caption: trans.__('Show the compute sidebar'),
      icon: computeIcon,
      execute: () => app.shell.activateById(panel.id)
    });
    palette?.addItem({
      command: CommandIDs.show,
      category: trans.__('Compute')
    });
    return new Sidebar(panel, app.started);
  }
};

/**
 * An accordion puts what comes later at the end of the page, wherever it is shown: so sections wait for each other.
 */
class Sidebar implements ISidebar {
  constructor(
    readonly panel: SidePanel,
    started: Promise<void>
  ) {
    void started.then(() => this._fill());
  }

  add(section: Widget, rank: number): void {
    this._sections.push({ section, rank });
    if (this._isFilled) {
      this.panel.addWidget(section);
    }
  }

  private _fill(): void {
    this._isFilled = true;
    this._sections
      .sort((one, other) => one.rank - other.rank)
      .forEach(({ section }) => this.panel.addWidget(section));
  }

  private _sections: { section: Widget; rank: number }[] = [];
  private _isFilled = false;
}
