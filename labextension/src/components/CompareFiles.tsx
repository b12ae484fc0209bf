import type { TranslationBundle } from '@jupyterlab/translation';
import { HTMLSelect } from '@jupyterlab/ui-components';
import { useState } from 'react';
import type { IDifference, IError, IRun } from '../types';
import { DiffText } from './DiffText';
import { ErrorNotice } from './ErrorNotice';

/** So many files are open at first; with more, people choose. */
const OPEN_FILES = 3;
const SHOWN_FILES = 200;

export interface ICompareFilesProps {
  runs: readonly IRun[];
  pair: readonly [string, string];
  /** `null` while it is asked for. */
  difference: IDifference | null;
  error: IError | null;
  trans: TranslationBundle;
  onPair: (first: string, second: string) => void;
}

/**
 * How the files of two runs differ.
 */
export function CompareFiles(props: ICompareFilesProps): JSX.Element {
  const { runs, pair, difference, error, trans, onPair } = props;
  return (
    <div className="jp-compute-CompareFiles">
      {runs.length > 2 && <PairFields {...props} />}
      {error ? (
        <ErrorNotice
          error={error}
          trans={trans}
          onRetry={() => onPair(...pair)}
        />
      ) : difference ? (
        <Files key={pair.join()} difference={difference} trans={trans} />
      ) : (
        <p>{trans.__('Comparing the files…')}</p>
      )}
    </div>
  );
}

function PairFields({
  runs,
  pair: [first, second],
  trans,
  onPair
}: ICompareFilesProps): JSX.Element {
  const field = (
    label: string,
    value: string,
    onChange: (id: string) => void
  ): JSX.Element => (
    <label>
      {label}
      <HTMLSelect
        value={value}
        onChange={event => onChange(event.target.value)}
      >
        {runs.map(({ id, name }) => (
          <option key={id} value={id}>
            {`${name} (${id})`}
          </option>
        ))}
      </HTMLSelect>
    </label>
  );
  return (
    <div className="jp-compute-CompareFiles-pair">
      {field(trans.__('From'), first, id => onPair(id, second))}
      {field(trans.__('To'), second, id => onPair(first, id))}
    </div>
  );
}

function Files({
  difference: { files, texts },
  trans
}: {
  difference: IDifference;
  trans: TranslationBundle;
}): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  const paths = Object.keys(files).sort();
  if (paths.length === 0) {
    return <p>{trans.__('Both ran the same files.')}</p>;
  }
  const shown = isWhole ? paths : paths.slice(0, SHOWN_FILES);
  return (
    <>
      <ul className="jp-compute-CompareFiles-list">
        {shown.map(path => (
          <li key={path}>
            <File
              path={path}
              change={files[path]}
              text={texts[path]}
              isOpen={paths.length <= OPEN_FILES}
              trans={trans}
            />
          </li>
        ))}
      </ul>
      {shown.length < paths.length && (
        <button type="button" onClick={() => setWhole(true)}>
          {trans.__('Show all %1 files', paths.length)}
        </button>
      )}
    </>
  );
}

interface IFileProps {
  path: string;
  change: IDifference['files'][string];
  text: string | undefined;
  isOpen: boolean;
  trans: TranslationBundle;
}

function File({ path, change, text, isOpen, trans }: IFileProps): JSX.Element {
  const [wasOpened, setOpened] = useState(isOpen);
  const title = (
    <>
      <span className="jp-compute-CompareFiles-change" data-change={change}>
        {changeLabel(change, trans)}
      </span>
      <code>{path}</code>
    </>
  );
  if (!text) {
    return (
      <p className="jp-compute-CompareFiles-file">
        {title}
        <span>{trans.__('(no text, or too long to compare)')}</span>
      </p>
    );
  }
  return (
    <details
      className="jp-compute-CompareFiles-file"
      open={isOpen}
      onToggle={() => setOpened(true)}
    >
      <summary>{title}</summary>
      {wasOpened && <DiffText text={text} trans={trans} />}
    </details>
  );
}

function changeLabel(
  change: IDifference['files'][string],
  trans: TranslationBundle
): string {
  switch (change) {
    case 'added':
      return trans.__('added');
    case 'removed':
      return trans.__('removed');
    case 'changed':
      return trans.__('changed');
  }
}
