import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ServerState } from '../model/handshake';
import type { IError } from '../types';
import { ErrorNotice } from './ErrorNotice';

const ENABLE = 'jupyter server extension enable jupyter_compute';

export interface IServerNoticeProps {
  state: ServerState;
  error: IError | null;
  trans: TranslationBundle;
  onRetry: () => void;
}

/**
 * Why there is nothing to see: the server's part is not there. Nothing at all when it is.
 */
export function ServerNotice({
  state,
  error,
  trans,
  onRetry
}: IServerNoticeProps): JSX.Element | null {
  switch (state) {
    case 'missing':
      return <Missing trans={trans} onRetry={onRetry} />;
    case 'unreachable':
      return (
        <p className="jp-compute-ServerNotice" role="status">
          {trans.__(
            'The Jupyter server does not answer. This goes on by itself when it does.'
          )}
        </p>
      );
    case 'refusing':
      return error && <ErrorNotice error={error} {...{ trans, onRetry }} />;
    default:
      return null;
  }
}

type IMissingProps = Pick<IServerNoticeProps, 'trans' | 'onRetry'>;

function Missing({ trans, onRetry }: IMissingProps): JSX.Element {
  return (
    <div className="jp-compute-ServerNotice" role="alert">
      <p>
        {trans.__(
          'The server extension of jupyter_compute is not installed or not enabled.'
        )}
      </p>
      <p>
        {trans.__('Run this where Jupyter is installed, then restart Jupyter:')}
      </p>
      <code className="jp-compute-ServerNotice-command">{ENABLE}</code>
      <div className="jp-compute-ServerNotice-actions">
        <button type="button" onClick={() => Clipboard.copyToSystem(ENABLE)}>
          {trans.__('Copy')}
        </button>
        <button type="button" onClick={onRetry}>
          {trans.__('Try again')}
        </button>
      </div>
    </div>
  );
}
