import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification, ReactWidget, UseSignal } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';
import type { ILogPreferences } from '../components/LogToolbar';
import { LogView } from '../components/LogView';
import { LogModel } from '../model/log/log';
import type { RunModel } from '../model/run';
import { asError } from '../request';
import { ICompute, IRunTabs } from '../tokens';

const ID = 'jupyter_compute:log';

/**
 * The logs of a run, on its page.
 */
export const logView: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'The log of a run.',
  autoStart: true,
  requires: [ICompute, IRunTabs],
  optional: [ISettingRegistry],
  activate: (
    _app: JupyterFrontEnd,
    compute: ICompute,
    tabs: IRunTabs,
    registry: ISettingRegistry | null
  ) => {
    const preferences = new Preferences(registry);
    tabs.add({
      id: 'log',
      rank: 0,
      label: compute.trans.__('Log'),
      create: run => createLogWidget(compute, run, preferences)
    });
  }
};

function createLogWidget(
  { api, trans }: ICompute,
  run: RunModel,
  preferences: Preferences
): Widget {
  const model = new LogModel({
    source: api,
    id: run.id,
    dividerOf: attempt => trans.__('Attempt %1', attempt)
  });
  const offer = () => model.offer(run.details?.logs ?? [model.name]);
  run.changed.connect(offer);
  offer();
  const download = async () => {
    try {
      save(await model.download(), `${run.id}-${nameOf(model.name)}`);
    } catch (thrown) {
      Notification.error(asError(thrown).message);
    }
  };
  const widget = ReactWidget.create(
    <UseSignal signal={preferences.changed}>
      {() => (
        <LogView
          model={model}
          preferences={preferences.value}
          trans={trans}
          onPreferences={value => preferences.set(value)}
          onDownload={() => void download()}
        />
      )}
    </UseSignal>
  );
  widget.addClass('jp-compute-LogWidget');
  widget.disposed.connect(() => {
    run.changed.disconnect(offer);
    model.dispose();
  });
  return widget;
}

/** The last part of a log's name, as a name of a file. */
function nameOf(log: string): string {
  const last = log.split('/').pop() ?? log;
  return last.includes('.') ? last : `${last}.log`;
}

function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser reads it after this returns.
  window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** How logs look, the same for all of them, kept in the settings where there are some. */
class Preferences {
  constructor(registry: ISettingRegistry | null) {
    void registry?.load(ID).then(settings => {
      const read = () => {
        this._put({
          isWrapped: settings.composite.wrap === true,
          hasLineNumbers: settings.composite.lineNumbers !== false
        });
      };
      this._keep = ({ isWrapped, hasLineNumbers }) => {
        void settings.set('wrap', isWrapped);
        void settings.set('lineNumbers', hasLineNumbers);
      };
      settings.changed.connect(read);
      read();
    });
  }

  get value(): ILogPreferences {
    return this._value;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  set(value: ILogPreferences): void {
    this._put(value);
    this._keep(value);
  }

  private _put(value: ILogPreferences): void {
    const { isWrapped, hasLineNumbers } = this._value;
    if (
      value.isWrapped !== isWrapped ||
      value.hasLineNumbers !== hasLineNumbers
    ) {
      this._value = value;
      this._changed.emit();
    }
  }

  private _value: ILogPreferences = { isWrapped: false, hasLineNumbers: true };
  private _keep: (value: ILogPreferences) => void = () => undefined;
  private _changed = new Signal<this, void>(this);
}
