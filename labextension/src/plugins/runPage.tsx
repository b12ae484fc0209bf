import type { JupyterFrontEnd } from '@jupyterlab/application';
import { ReactWidget } from '@jupyterlab/apputils';
import { MessageLoop, type Message } from '@lumino/messaging';
import { Signal, type ISignal } from '@lumino/signaling';
import { Panel, Widget } from '@lumino/widgets';
import { RunPage } from '../components/RunPage';
import type { IRunAction } from '../components/RunActions';
import { runStateIcon } from '../components/icons';
import { TabList } from '../components/TabList';
import type { RunModel } from '../model/run';
import { stateLabel } from '../model/states';
import { CommandIDs, type ICompute, type IRunTab } from '../tokens';
import type { RunTabs } from './runTabs';

export interface IRunPageOptions {
  compute: ICompute;
  model: RunModel;
  tabs: RunTabs;
  /** The tab to begin with. */
  tab?: string;
  commands: JupyterFrontEnd['commands'];
  /** What can be done with the run as it stands. */
  actions: () => readonly IRunAction[];
}

/**
 * The page of a run: how it stands, and tabs with what it said and left.
 */
export class RunPageWidget extends Panel {
  constructor(private readonly _options: IRunPageOptions) {
    super();
    this.addClass('jp-compute-RunPage');
    this._wanted = _options.tab ?? '';
    this._head = new Head(this, _options);
    this._strip = new Strip(this, _options);
    this._strip.hide();
    this.addWidget(this._head);
    this.addWidget(this._strip);
    _options.model.changed.connect(this._look, this);
    _options.tabs.added.connect(this._look, this);
    this._look();
  }

  /** The tab that is shown; empty before the run is known. */
  get tab(): string {
    return this._shown;
  }

  /** Another tab is shown. */
  get tabChanged(): ISignal<this, string> {
    return this._tabChanged;
  }

  /** Show a tab; one that is not there yet is shown when it comes. */
  showTab(id: string): void {
    this._wanted = id;
    this._look();
  }

  dispose(): void {
    if (!this.isDisposed) {
      Signal.disconnectReceiver(this);
      this._options.model.dispose();
      super.dispose();
      Signal.clearData(this);
    }
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    // What stands above grows and shrinks without a word to those who stand below.
    this._observer = new ResizeObserver(() => this._fit());
    this._observer.observe(this._head.node);
  }

  protected onBeforeDetach(message: Message): void {
    this._observer?.disconnect();
    super.onBeforeDetach(message);
  }

  private _look(): void {
    const { model, compute } = this._options;
    this._entitle(model, compute);
    const isThere = model.run !== null && !model.isDeleted;
    this._strip.setHidden(!isThere);
    if (isThere) {
      this._choose();
    } else {
      this._contents.get(this._shown)?.hide();
    }
  }

  private _entitle({ run, id }: RunModel, { trans }: ICompute): void {
    if (run) {
      this.title.label = run.name || id;
      this.title.icon = runStateIcon(run.state);
      const state = stateLabel(run.state, trans);
      this.title.caption = trans.__(
        '%1: %2 on %3\n%4',
        run.name,
        state,
        run.target,
        id
      );
    }
  }

  private _choose(): void {
    const { tabs } = this._options.tabs;
    const tab = tabs.find(one => one.id === this._wanted) ?? tabs[0];
    if (!tab) {
      return;
    }
    const before = this._shown;
    this._shown = tab.id;
    this._strip.update();
    if (before !== tab.id) {
      this._contents.get(before)?.hide();
      this._tabChanged.emit(tab.id);
    }
    this._content(tab).show();
  }

  private _content(tab: IRunTab): Widget {
    let content = this._contents.get(tab.id);
    if (!content) {
      content = tab.create(this._options.model);
      content.addClass('jp-compute-RunPage-content');
      content.id = panelId(this._options, tab.id);
      content.node.setAttribute('role', 'tabpanel');
      content.node.setAttribute('aria-labelledby', `${content.id}-tab`);
      this._contents.set(tab.id, content);
      this.addWidget(content);
    }
    return content;
  }

  private _fit(): void {
    const content = this._contents.get(this._shown);
    if (content?.isVisible) {
      MessageLoop.sendMessage(content, Widget.ResizeMessage.UnknownSize);
    }
  }

  private _head: Head;
  private _strip: Strip;
  private _contents = new Map<string, Widget>();
  private _wanted: string;
  private _shown = '';
  private _observer: ResizeObserver | null = null;
  private _tabChanged = new Signal<this, string>(this);
}

function panelId({ model }: IRunPageOptions, tab: string): string {
  return `jp-compute-run-${model.id}-${tab}`;
}

/** What stands above the tabs. */
class Head extends ReactWidget {
  constructor(
    private readonly _page: RunPageWidget,
    private readonly _options: IRunPageOptions
  ) {
    super();
    this.addClass('jp-compute-RunPage-head');
    _options.model.changed.connect(this.update, this);
    _options.commands.commandChanged.connect(this._hear, this);
  }

  dispose(): void {
    Signal.disconnectReceiver(this);
    super.dispose();
  }

  protected onAfterShow(): void {
    this.update();
  }

  protected onAfterHide(): void {
    this.update();
  }

  protected render(): JSX.Element {
    const { compute, model, actions, tabs } = this._options;
    const hasLog = tabs.tabs.some(tab => tab.id === 'log');
    return (
      <RunPage
        id={model.id}
        details={model.details}
        error={model.error}
        isDeleted={model.isDeleted}
        isShown={this.isVisible}
        actions={actions()}
        trans={compute.trans}
        onOpenTarget={this._leadTo(CommandIDs.openTarget, 'name')}
        onShowExperiment={this._leadTo(CommandIDs.showRuns, 'experiment')}
        onShowLog={hasLog ? () => this._page.showTab('log') : undefined}
        onRetry={() => void model.refresh()}
        onClose={() => this._page.dispose()}
      />
    );
  }

  /** What executes a command with one argument, if some plugin has it. */
  private _leadTo(
    command: string,
    argument: string
  ): ((value: string) => void) | undefined {
    const { commands } = this._options;
    return commands.hasCommand(command)
      ? value => void commands.execute(command, { [argument]: value })
      : undefined;
  }

  private _hear(_: unknown, change: { id?: string; type: string }): void {
    if (change.type === 'added' && change.id?.startsWith('compute:')) {
      this.update();
    }
  }
}

/** The tabs' names. */
class Strip extends ReactWidget {
  constructor(
    private readonly _page: RunPageWidget,
    private readonly _options: IRunPageOptions
  ) {
    super();
    this.addClass('jp-compute-RunPage-tabs');
  }

  protected render(): JSX.Element {
    const { compute, tabs } = this._options;
    return (
      <TabList
        label={compute.trans.__('What there is of the run')}
        tabs={tabs.tabs}
        selected={this._page.tab}
        panelId={id => panelId(this._options, id)}
        onSelect={id => this._page.showTab(id)}
      />
    );
  }
}
