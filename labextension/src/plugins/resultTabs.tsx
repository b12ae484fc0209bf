import { ReactWidget, UseSignal } from '@jupyterlab/apputils';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { EmptyState } from '../components/EmptyState';
import { ErrorNotice } from '../components/ErrorNotice';
import { ResultsView } from '../components/ResultsView';
import { RunFilesView } from '../components/RunFilesView';
import { RunMetricsView } from '../components/RunMetricsView';
import type { RunFiles } from '../model/files';
import type { Following } from '../model/following';
import type { RunResults } from '../model/results';
import type { RunMetrics } from '../model/runMetrics';

/**
 * A tab of a run's page whose model asks the server as long as the tab is in sight.
 */
class FollowingTab<M extends Following> extends ReactWidget {
  constructor(
    private readonly _model: M,
    private readonly _trans: TranslationBundle,
    private readonly _view: (model: M) => JSX.Element
  ) {
    super();
    this.addClass('jp-compute-ResultTab');
  }

  dispose(): void {
    this._model.dispose();
    super.dispose();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._model.isActive = this.isVisible;
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._model.isActive = true;
  }

  protected onBeforeHide(message: Message): void {
    super.onBeforeHide(message);
    this._model.isActive = false;
  }

  protected render(): JSX.Element {
    const model = this._model;
    return (
      <UseSignal signal={model.changed}>
        {() => (
          <>
            {model.error && (
              <ErrorNotice
                error={model.error}
                trans={this._trans}
                onRetry={() => void model.refresh()}
              />
            )}
            {model.isLoaded
              ? this._view(model)
              : !model.error && (
                  <p className="jp-compute-ResultTab-wait" role="status">
                    {this._trans.__('Loading…')}
                  </p>
                )}
          </>
        )}
      </UseSignal>
    );
  }
}

/** The plots of what a run measures. */
export function metricsTab(
  model: RunMetrics,
  trans: TranslationBundle
): ReactWidget {
  return new FollowingTab(model, trans, () => (
    <RunMetricsView
      series={model.series}
      others={model.others}
      othersError={model.othersError}
      beside={model.beside}
      experiment={model.run.run?.experiment ?? ''}
      isLive={model.run.isLive}
      onLoadOthers={() => void model.loadOthers()}
      onBeside={(id, isBeside) => void model.setBeside(id, isBeside)}
      trans={trans}
    />
  ));
}

/** What a run has shown. */
export function resultsTab(
  model: RunResults,
  rendermime: IRenderMimeRegistry,
  trans: TranslationBundle
): ReactWidget {
  return new FollowingTab(model, trans, () =>
    model.isEmpty ? (
      <EmptyState
        title={
          model.run.isLive
            ? trans.__('The run has shown nothing yet')
            : trans.__('The run has shown nothing')
        }
      >
        <p>
          {trans.__(
            'What a cell displays comes here, and what a run logs with log_image, log_row and log_list:'
          )}
        </p>
        <pre>
          {
            'from jupyter_compute_run import log_image\n\nlog_image("samples", figure, step=epoch)'
          }
        </pre>
      </EmptyState>
    ) : (
      <ResultsView
        displays={model.displays}
        images={model.images}
        tables={model.tables}
        lists={model.lists}
        variables={model.variables}
        imageAddress={path => model.imageAddress(path)}
        rendermime={rendermime}
        trans={trans}
      />
    )
  );
}

/** The files that a run left, or those that it works on. */
export function filesTab(
  model: RunFiles,
  rendermime: IRenderMimeRegistry,
  trans: TranslationBundle
): ReactWidget {
  const isLeft = model.of === 'outputs';
  return new FollowingTab(model, trans, () =>
    model.count === 0 ? (
      isLeft ? (
        <NoOutputs isLive={model.run.isLive} trans={trans} />
      ) : (
        <EmptyState title={trans.__('The snapshot holds no files')} />
      )
    ) : (
      <RunFilesView
        entries={model.entries}
        missing={model.missing}
        missingText={missingText(model, trans)}
        selected={model.selected}
        peek={model.peek}
        peekError={model.peekError}
        label={
          isLeft
            ? trans.__('Files that the run left')
            : trans.__('Files that the run works on')
        }
        address={(path, download) => model.address(path, download)}
        zipAddress={model.missing.size ? null : model.zipAddress}
        folder={model.folder}
        onSelect={path => void model.select(path)}
        rendermime={rendermime}
        trans={trans}
      />
    )
  );
}

function NoOutputs(props: {
  isLive: boolean;
  trans: TranslationBundle;
}): JSX.Element {
  const { isLive, trans } = props;
  return (
    <EmptyState
      title={
        isLive
          ? trans.__('The run has left no files yet')
          : trans.__('The run left no files')
      }
    >
      <p>
        {trans.__(
          'Files under outputs/ in the run’s folder are brought here when it ends:'
        )}
      </p>
      <pre>
        {
          'from jupyter_compute_run import outputs_dir\n\nmodel.save(outputs_dir() / "model.bin")'
        }
      </pre>
    </EmptyState>
  );
}

function missingText(model: RunFiles, trans: TranslationBundle): string {
  return model.run.isLive
    ? trans._n(
        '%1 file has not arrived yet. It comes when the run ends.',
        '%1 files have not arrived yet. They come when the run ends.',
        model.missing.size
      )
    : trans._n(
        '%1 file was not brought here: it is larger than outputs_limit_mb in the settings of targets.toml allows.',
        '%1 files were not brought here: they are larger than outputs_limit_mb in the settings of targets.toml allows.',
        model.missing.size
      );
}
