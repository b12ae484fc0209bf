import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IError } from '../types';

export interface IErrorNoticeProps {
  error: IError;
  trans: TranslationBundle;
  /** Tries again what failed. */
  onRetry?: () => void;
}

/**
 * What went wrong, what to do next, and a way to copy both.
 */
export function ErrorNotice({
  error,
  trans,
  onRetry
}: IErrorNoticeProps): JSX.Element {
  const text = [error.message, error.hint].filter(Boolean).join('\n');
  return (
    <div className="jp-compute-ErrorNotice" role="alert">
      <p className="jp-compute-ErrorNotice-message">{error.message}</p>
      {error.hint && (
        <p className="jp-compute-ErrorNotice-hint">{error.hint}</p>
      )}
      <div className="jp-compute-ErrorNotice-actions">
        {onRetry && (
          <button type="button" onClick={onRetry}>
            {trans.__('Try again')}
          </button>
        )}
        <button
          type="button"
          onClick={() => Clipboard.copyToSystem(`${error.error}: ${text}`)}
        >
          {trans.__('Copy')}
        </button>
      </div>
    </div>
  );
}
