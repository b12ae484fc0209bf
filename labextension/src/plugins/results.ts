import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  IRenderMimeRegistry,
  RenderMimeRegistry,
  standardRendererFactories
} from '@jupyterlab/rendermime';
import { RunFiles } from '../model/files';
import { RunResults } from '../model/results';
import { RunMetrics } from '../model/runMetrics';
import { ICompute, IRunTabs } from '../tokens';
import { filesTab, metricsTab, resultsTab } from './resultTabs';

/**
 * What a run says and leaves, as tabs of its page.
 */
export const results: JupyterFrontEndPlugin<void> = {
  id: 'jupyter_compute:results',
  description: 'Metrics, results, outputs and the snapshot of a run.',
  autoStart: true,
  requires: [ICompute, IRunTabs],
  optional: [IRenderMimeRegistry],
  activate: (
    _app: JupyterFrontEnd,
    { api, changes, trans }: ICompute,
    tabs: IRunTabs,
    registry: IRenderMimeRegistry | null
  ) => {
    const rendermime =
      registry ??
      new RenderMimeRegistry({ initialFactories: standardRendererFactories });
    tabs.add({
      id: 'metrics',
      rank: 10,
      label: trans.__('Metrics'),
      create: run => metricsTab(new RunMetrics(api, changes, run), trans)
    });
    tabs.add({
      id: 'results',
      rank: 20,
      label: trans.__('Results'),
      create: run => resultsTab(new RunResults(api, run), rendermime, trans)
    });
    tabs.add({
      id: 'outputs',
      rank: 30,
      label: trans.__('Outputs'),
      create: run =>
        filesTab(new RunFiles(api, run, 'outputs'), rendermime, trans)
    });
    tabs.add({
      id: 'snapshot',
      rank: 40,
      label: trans.__('Snapshot'),
      create: run =>
        filesTab(new RunFiles(api, run, 'snapshot'), rendermime, trans)
    });
  }
};
