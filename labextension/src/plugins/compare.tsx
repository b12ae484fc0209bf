import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, ReactWidget } from '@jupyterlab/apputils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Message } from '@lumino/messaging';
import { ComparePage } from '../components/ComparePage';
import { compareIcon } from '../components/icons';
import { Comparison } from '../model/compare';
import { CommandIDs, ICompute, ISelectedRuns } from '../tokens';
import { Pages } from './pages';

/**
 * Runs side by side on a page of their own.
 */
export const compare: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_compute:compare',
  description: 'Compares runs.',
  autoStart: true,
  requires: [ICompute],
  optional: [ISelectedRuns, ILayoutRestorer, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    compute: ICompute,
    selected: ISelectedRuns | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null
  ) => {
    const { trans } = compute;
    const { commands } = app;
    const command = CommandIDs.compareRuns;
    const idsOf = (args: ReadonlyPartialJSONObject): string[] =>
      Array.isArray(args.ids)
        ? args.ids.map(String)
        : (selected?.runs ?? []).map(({ id }) => id);
    commands.addCommand(command, {
      label: args => {
        const count = idsOf(args).length;
        return count > 1
          ? trans._n('Compare %1 Run', 'Compare %1 Runs', count)
          : trans.__('Compare Runs');
      },
      icon: compareIcon,
      isEnabled: args => idsOf(args).length > 1,
      execute: args => void pages.open({ ids: idsOf(args) })
    });
    const pages = new Pages<{ ids: string[] }>({
      app,
      restorer,
      namespace: 'compute-compare',
      command,
      icon: compareIcon,
      key: ({ ids }) => ids.join('-'),
      label: ({ ids }) =>
        trans._n('Compare %1 Run', 'Compare %1 Runs', ids.length),
      create: ({ ids }) => new CompareWidget(app, compute, ids)
    });
    palette?.addItem({ command, category: trans.__('Compute') });
    selected?.changed.connect(() => commands.notifyCommandChanged(command));
  }
};

class CompareWidget extends ReactWidget {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _compute: ICompute,
    ids: readonly string[]
  ) {
    super();
    this.addClass('jp-compute-ComparePanel');
    this._comparison = new Comparison(_compute.api, _compute.changes, ids);
  }

  dispose(): void {
    this._comparison.dispose();
    super.dispose();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._comparison.show(this.isVisible);
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._comparison.show(true);
  }

  protected onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._comparison.show(false);
  }

  protected render(): JSX.Element {
    return (
      <ComparePage
        comparison={this._comparison}
        trans={this._compute.trans}
        onOpen={id => {
          const { commands } = this._app;
          if (commands.hasCommand(CommandIDs.openRun)) {
            void commands.execute(CommandIDs.openRun, { id });
          }
        }}
      />
    );
  }

  private readonly _comparison: Comparison;
}
