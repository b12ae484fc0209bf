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
  onShowLog?: () => void;
  onRetry: () => void;
  onClose: () => void;
}

/**
 * The upper part of a run's page: the run, and what there is to say about the page itself.
 */
export function RunPage(props: IRunPageProps): JSX.Element {
  const { id, details, error, isDeleted, trans, onRetry, onClose } = props;
  if (!details && !error && !isDeleted) {
    return (
      <p className="jp-compute-RunPage-loading" role="status">
        {trans.__('Looking up the run %1…', id)}
      </p>
    );
  }
  return (
    <>
      {isDeleted && (
        <div role="status" className="jp-compute-RunPage-deleted">
          <EmptyState title={trans.__('The run %1 was deleted.', id)}>
            <p>
              {trans.__('Its log, its metrics and its files went with it.')}
            </p>
            <button
              type="button"
              className="jp-compute-Button"
              onClick={onClose}
            >
              {trans.__('Close')}
            </button>
          </EmptyState>
        </div>
      )}
      {error && <ErrorNotice error={error} trans={trans} onRetry={onRetry} />}
      {details && !isDeleted && (
        <RunHeader
          details={details}
          actions={props.actions}
          trans={trans}
          isShown={props.isShown}
          onOpenTarget={props.onOpenTarget}
          onShowLog={props.onShowLog}
        />
      )}
    </>
  );
}
