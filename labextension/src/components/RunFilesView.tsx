import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { downloadIcon } from '@jupyterlab/ui-components';
import type { ReactNode } from 'react';
import { formatBytes } from '../model/format';
import type { IError, IPeek, ISizeEntry } from '../types';
import { CopyButton } from './CopyButton';
import { FilePreview } from './FilePreview';
import { SizeTree } from './SizeTree';

export interface IRunFilesViewProps {
  /** Folders and files; the first one is the whole. */
  entries: readonly ISizeEntry[];
  /** The files that have not arrived. */
  missing: ReadonlySet<string>;
  /** What to say about those. */
  missingText: string;
  selected: string | null;
  peek: IPeek | null;
  peekError: IError | null;
  /** What the files are. */
  label: string;
  /** Stands above the files. */
  children?: ReactNode;
  address: (path: string, download?: boolean) => string;
  zipAddress: string | null;
  /** The folder on the server's machine that holds them. */
  folder: string;
  onSelect: (path: string) => void;
  rendermime: IRenderMimeRegistry;
  trans: TranslationBundle;
}

/**
 * Files of a run: what there is, and a look into one of them.
 */
export function RunFilesView(props: IRunFilesViewProps): JSX.Element {
  const { entries, missing, selected, address, onSelect, trans } = props;
  const isFile = (path: string) => !path.endsWith('/');
  return (
    <div className="jp-compute-RunFiles">
      <div className="jp-compute-RunFiles-list">
        <Tools {...props} />
        {props.children}
        <SizeTree
          entries={entries}
          selected={selected ?? undefined}
          onSelect={onSelect}
          label={props.label}
          renderActions={path =>
            isFile(path) &&
            !missing.has(path) && (
              <a
                className="jp-compute-RunFiles-download"
                href={address(path, true)}
                download={path.slice(path.lastIndexOf('/') + 1)}
                title={trans.__('Download')}
                aria-label={trans.__('Download %1', path)}
              >
                <downloadIcon.react tag="span" width="14px" height="14px" />
              </a>
            )
          }
          renderNote={path =>
            missing.has(path) ? (
              <em title={props.missingText}>{trans.__('not here')}</em>
            ) : null
          }
          trans={trans}
        />
      </div>
      {selected !== null && isFile(selected) && (
        <FilePreview
          key={selected}
          path={selected}
          peek={props.peek}
          error={props.peekError}
          address={address(selected)}
          downloadAddress={address(selected, true)}
          rendermime={props.rendermime}
          onRetry={() => onSelect(selected)}
          trans={trans}
        />
      )}
    </div>
  );
}

function Tools({
  entries,
  missing,
  missingText,
  zipAddress,
  folder,
  trans
}: IRunFilesViewProps): JSX.Element {
  const [whole] = entries;
  return (
    <div className="jp-compute-RunFiles-tools">
      <span>
        {trans._n(
          '%1 file, %2',
          '%1 files, %2',
          whole?.files ?? 0,
          formatBytes(whole?.bytes ?? 0)
        )}
      </span>
      {zipAddress && (
        <a className="jp-compute-Tool" href={zipAddress} download>
          {trans.__('Download all (zip)')}
        </a>
      )}
      {folder && (
        <CopyButton
          text={folder}
          label={trans.__('Copy the path of the folder: %1', folder)}
          trans={trans}
        />
      )}
      {missing.size > 0 && (
        <p className="jp-compute-RunFiles-missing">{missingText}</p>
      )}
    </div>
  );
}
