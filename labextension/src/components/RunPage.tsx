import type { TranslationBundle } from '@jupyterlab/translation';
import type { IError, IRunDetails } from '../types';
import { EmptyState } from './EmptyState';
import { ErrorNotice } from './ErrorNotice';
import type { IRunAction } from './RunActions';
import { RunHeader } from './RunHeader';

export interface IRunPageProps {
  id: string;
  /** `null` before the first answer. */
  details: IRunDetails | null;
  error: IError | null;
  isDeleted: boolean;
  isShown: boolean;
  actions: readonly IRunAction[];
  trans: TranslationBundle;
  onOpenTarget?: (name: string) => void;
  onShowExperiment?: (name: string) => void;
  onShowLog?: () => void;
  onRetry: () => void;
  onClose: () => void;
}

/**
 * The upper part of a run's page: the run, and what there is to say about the page itself.
 */
export function RunPage(props: IRunPageProps): JSX.Element {
  const { id, details, error, isDeleted, trans, onRetry } = props;
  if (!details && !error && !isDeleted) {
    return (
      <p className="jp-compute-RunPage-loading" role="status">
        {trans.__('Looking up the run %1…', id)}
      </p>
    );
  }
  return (
    <>
      {isDeleted && <Gone {...props} />}
      {error && <ErrorNotice error={error} trans={trans} onRetry={onRetry} />}
      {details && !isDeleted && (
        <RunHeader
          details={details}
          actions={props.actions}
          trans={trans}
          isShown={props.isShown}
          onOpenTarget={props.onOpenTarget}
          onShowExperiment={props.onShowExperiment}
          onShowLog={props.onShowLog}
        />
      )}
    </>
  );
}

function Gone({ id, details, trans, onClose }: IRunPageProps): JSX.Element {
  return (
    <div role="status">
      <EmptyState
        title={
          details
            ? trans.__('The run “%1” was deleted.', details.run.name)
            : trans.__('There is no run with the id “%1”.', id)
        }
      >
        <p>
          {details
            ? trans.__('Its log, its metrics and its files went with it.')
            : trans.__('It was deleted, or it is in another workspace.')}
        </p>
        <button type="button" className="jp-compute-Button" onClick={onClose}>
          {trans.__('Close')}
        </button>
      </EmptyState>
    </div>
  );
}
