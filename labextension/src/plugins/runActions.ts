import type { JupyterFrontEnd } from '@jupyterlab/application';
import { InputDialog, showErrorMessage } from '@jupyterlab/apputils';
import { MenuSvg } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { IRunAction } from '../components/RunActions';
import { formatTime } from '../model/format';
import type { RunModel } from '../model/run';
import { stateLabel } from '../model/states';
import { asError } from '../request';
import { CommandIDs, type ICompute } from '../tokens';
import type { IRunLine } from '../types';

const COMPARABLE = 100;

/**
 * What can be done with a run from its page: commands, which may come from plugins that are switched off.
 */
export class RunActionList {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _compute: ICompute,
    private readonly _model: RunModel
  ) {}

  /** The actions as they stand now. */
  list(): IRunAction[] {
    const { trans } = this._compute;
    const { id, isLive, run } = this._model;
    const ids = [id];
    const ends = this._command(CommandIDs.cancelRun, trans.__('Cancel'), {
      id
    });
    ends.isEnabled &&= run?.cancel_requested === null;
    const compare = this._command(
      CommandIDs.compareRuns,
      trans.__('Compare with…'),
      { ids }
    );
    compare.act = () => void this._choose();
    return [
      ...(isLive ? [ends] : []),
      this._command(CommandIDs.rerun, trans.__('Run again'), { id }),
      compare,
      this._copy(trans.__('Copy as')),
      ...(isLive
        ? []
        : [this._command(CommandIDs.deleteRuns, trans.__('Delete…'), { ids })])
    ];
  }

  private _command(
    id: string,
    label: string,
    args: ReadonlyPartialJSONObject
  ): IRunAction {
    const { commands } = this._app;
    return {
      id,
      label,
      isEnabled: commands.hasCommand(id),
      act: () => void commands.execute(id, args)
    };
  }

  private _copy(label: string): IRunAction {
    const { commands } = this._app;
    const { id, run } = this._model;
    const open = (button: HTMLElement) => {
      const menu = this._makeMenu(button);
      const isCell = run?.command.type === 'cell';
      for (const as of isCell ? ['magic', 'id'] : ['magic', 'cli', 'id']) {
        menu.addItem({ command: CommandIDs.copyRun, args: { id, as } });
      }
      const { left, bottom } = button.getBoundingClientRect();
      menu.open(left, bottom);
      menu.activeIndex = 0;
    };
    return {
      id: CommandIDs.copyRun,
      label,
      isEnabled: commands.hasCommand(CommandIDs.copyRun),
      hasMenu: true,
      act: open
    };
  }

  private _makeMenu(button: HTMLElement): MenuSvg {
    this._menu?.dispose();
    this._menu = new MenuSvg({ commands: this._app.commands });
    // Who came by keyboard goes on where they were.
    this._menu.aboutToClose.connect(() => button.focus());
    return this._menu;
  }

  private async _choose(): Promise<void> {
    const { api, trans } = this._compute;
    const { id, run } = this._model;
    try {
      const { runs } = await api.runs({ limit: COMPARABLE });
      await this._compare(runs.filter(one => one.id !== id));
    } catch (thrown) {
      const title = trans.__('“%1” cannot be compared', run?.name ?? id);
      await showErrorMessage(title, asError(thrown).message);
    }
  }

  private async _compare(others: IRunLine[]): Promise<void> {
    const { trans } = this._compute;
    const { id, run } = this._model;
    const isNear = (one: IRunLine) => one.experiment === run?.experiment;
    const sorted = [
      ...others.filter(isNear),
      ...others.filter(one => !isNear(one))
    ];
    const items = sorted.map(one => this._describe(one));
    const chosen = await InputDialog.getItem({
      title: trans.__('Compare “%1” with', run?.name ?? id),
      label: trans.__('Another run; those of the same experiment stand first'),
      items,
      okLabel: trans.__('Compare')
    });
    const other = sorted[items.indexOf(chosen.value ?? '')];
    if (chosen.button.accept && other) {
      const ids = [id, other.id];
      await this._app.commands.execute(CommandIDs.compareRuns, { ids });
    }
  }

  private _describe({ name, state, created, id }: IRunLine): string {
    const { trans } = this._compute;
    const word = stateLabel(state, trans);
    return trans.__('%1, %2, %3 (%4)', name, word, formatTime(created), id);
  }

  private _menu: MenuSvg | null = null;
}
