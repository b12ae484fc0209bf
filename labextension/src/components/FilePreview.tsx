import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useMemo, useState } from 'react';
import { formatBytes } from '../model/format';
import type { IError, IPeek } from '../types';
import { ErrorNotice } from './ErrorNotice';
import { NotebookPreview } from './NotebookPreview';
import { Output } from './Output';
import { asMarkdown, fenced, languageOfFile } from './markdown';

export interface IFilePreviewProps {
  path: string;
  /** The beginning of the file; `null` while it is fetched. */
  peek: IPeek | null;
  error: IError | null;
  /** Where its bytes are. */
  address: string;
  downloadAddress: string;
  rendermime: IRenderMimeRegistry;
  onRetry: () => void;
  trans: TranslationBundle;
}

/**
 * A file, as far as it can be shown.
 */
export function FilePreview(props: IFilePreviewProps): JSX.Element {
  const { path, peek, error, trans } = props;
  const [wraps, setWraps] = useState(true);
  const name = path.slice(path.lastIndexOf('/') + 1);
  return (
    <section
      className="jp-compute-FilePreview"
      aria-label={trans.__('Preview of %1', path)}
    >
      <header className="jp-compute-FilePreview-header">
        <h3 title={path}>{name}</h3>
        {peek && <span>{formatBytes(peek.size)}</span>}
        {peek?.kind === 'text' && (
          <button
            type="button"
            className="jp-compute-Tool"
            aria-pressed={wraps}
            onClick={() => setWraps(!wraps)}
          >
            {trans.__('Wrap lines')}
          </button>
        )}
        {peek && (
          <a
            className="jp-compute-Tool"
            href={props.downloadAddress}
            download={name}
          >
            {trans.__('Download')}
          </a>
        )}
      </header>
      {error ? (
        <ErrorNotice error={error} trans={trans} onRetry={props.onRetry} />
      ) : peek ? (
        <>
          {!peek.is_whole && peek.kind !== 'binary' && (
            <p className="jp-compute-FilePreview-note">
              {trans.__('Only the beginning is shown. Download it to see all.')}
            </p>
          )}
          <div
            className="jp-compute-FilePreview-body"
            role="region"
            tabIndex={0}
            aria-label={trans.__('Content of %1', name)}
          >
            <Content {...props} peek={peek} wraps={wraps} />
          </div>
        </>
      ) : (
        <p className="jp-compute-FilePreview-note" role="status">
          {trans.__('Opening %1…', name)}
        </p>
      )}
    </section>
  );
}

interface IContentProps extends IFilePreviewProps {
  peek: IPeek;
  wraps: boolean;
}

function Content({
  peek,
  wraps,
  address,
  rendermime,
  trans
}: IContentProps): JSX.Element {
  switch (peek.kind) {
    case 'image':
      return <img src={address} alt={peek.path} />;
    case 'notebook':
      return (
        <NotebookPreview
          notebook={peek.notebook ?? {}}
          rendermime={rendermime}
          trans={trans}
        />
      );
    case 'table':
      return <Rows rows={peek.rows} />;
    case 'text':
      return peek.size ? (
        <Text peek={peek} wraps={wraps} rendermime={rendermime} trans={trans} />
      ) : (
        <p className="jp-compute-FilePreview-note">
          {trans.__('The file is empty.')}
        </p>
      );
    case 'binary':
      return (
        <p className="jp-compute-FilePreview-note">
          {trans.__(
            'This file holds bytes that cannot be shown (%1). Download it to open it with a program of yours.',
            peek.mime
          )}
        </p>
      );
  }
}

type TextProps = Pick<IContentProps, 'peek' | 'wraps' | 'rendermime' | 'trans'>;

function Text({ peek, wraps, rendermime, trans }: TextProps): JSX.Element {
  const { path, text } = peek;
  const language = languageOfFile(path);
  const code = useMemo(
    () => (language ? asMarkdown(fenced(text, language)) : null),
    [language, text]
  );
  return code ? (
    <div className="jp-compute-FilePreview-code" data-wraps={wraps}>
      <Output output={code} rendermime={rendermime} trans={trans} />
    </div>
  ) : (
    <pre data-wraps={wraps}>{text}</pre>
  );
}

function Rows({ rows }: { rows: readonly string[][] }): JSX.Element {
  const [titles, ...others] = rows;
  return (
    <table className="jp-compute-table">
      <thead>
        <tr>
          {titles?.map((title, place) => (
            <th key={place} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {others.map((row, place) => (
          <tr key={place}>
            {row.map((cell, column) => (
              <td key={column}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
