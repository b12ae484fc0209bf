import type { TranslationBundle } from '@jupyterlab/translation';
import { useMemo, useState, type SyntheticEvent } from 'react';
import { formatBytes } from '../model/format';
import type {
  IError,
  IExcluded,
  IExplanation,
  IIgnored,
  IPreview,
  ISizeEntry
} from '../types';
import { ErrorNotice } from './ErrorNotice';
import { SizeTree } from './SizeTree';

export interface ISubmitPreviewProps {
  trans: TranslationBundle;
  found: IPreview | null;
  tree: readonly ISizeEntry[] | null;
  secrets: readonly IExcluded[];
  isTooLarge: boolean;
  isLoading: boolean;
  error: IError | null;
  refusal: IError | null;
  explanation: IExplanation | null;
  ignored: IIgnored | null;
  onRetry: () => void;
  onLoadTree: () => void;
  onExplain: (path: string) => void;
  onIgnore: (path: string) => void;
}

/** More than this is shown as a count. */
const MOST_EXCLUDED = 100;

/**
 * The files that go along: how many, how large, what is left out and why, and what to do about it.
 */
export function SubmitPreview(props: ISubmitPreviewProps): JSX.Element {
  const { trans, found, secrets, isTooLarge, isLoading, error } = props;
  return (
    <div className="jp-compute-SubmitPreview" aria-busy={isLoading}>
      {error && (
        <ErrorNotice error={error} trans={trans} onRetry={props.onRetry} />
      )}
      {!found && !error && <p>{trans.__('Looking at the folder…')}</p>}
      {found && <Size trans={trans} found={found} isTooLarge={isTooLarge} />}
      {secrets.length > 0 && (
        <p className="jp-compute-SubmitPreview-warning">
          {trans.__(
            'Left out, as it looks like a secret: %1',
            secrets.map(one => one.path).join(', ')
          )}
        </p>
      )}
      <div aria-live="polite">
        {props.refusal && <ErrorNotice error={props.refusal} trans={trans} />}
        {props.ignored && (
          <p className="jp-compute-Submit-help">
            {ignoredText(props.ignored, trans)}
          </p>
        )}
      </div>
      {found && isTooLarge && <Largest {...props} found={found} />}
      {found && <Files {...props} found={found} />}
      {found && found.excluded.length > 0 && (
        <Excluded trans={trans} excluded={found.excluded} />
      )}
    </div>
  );
}

function Size({
  trans,
  found,
  isTooLarge
}: {
  trans: TranslationBundle;
  found: IPreview;
  isTooLarge: boolean;
}): JSX.Element {
  const bytes = formatBytes(found.bytes);
  const limit = formatBytes(found.limit_bytes);
  const files = trans._n('%1 file', '%1 files', found.files, found.files);
  const share = Math.min(1, found.bytes / Math.max(1, found.limit_bytes));
  return (
    <>
      <p className="jp-compute-SubmitPreview-size">
        {trans.__('%1, %2 of at most %3', files, bytes, limit)}
      </p>
      <div
        className="jp-compute-SubmitPreview-bar"
        role="meter"
        aria-label={trans.__('Size of what goes along')}
        aria-valuemin={0}
        aria-valuemax={found.limit_bytes}
        aria-valuenow={Math.min(found.bytes, found.limit_bytes)}
        aria-valuetext={trans.__('%1 of %2', bytes, limit)}
        data-too-large={isTooLarge}
      >
        <div style={{ width: `${Math.max(1, share * 100)}%` }} />
      </div>
      {isTooLarge && (
        <p className="jp-compute-Submit-problem" role="alert">
          {trans.__(
            'This is too large to submit. Leave out what the run does not need.'
          )}
        </p>
      )}
    </>
  );
}

/** Folders and files that take the most room, each with the one click that leaves it out. */
function Largest({
  trans,
  found,
  isLoading,
  onIgnore
}: ISubmitPreviewProps & { found: IPreview }): JSX.Element {
  return (
    <ul
      className="jp-compute-SubmitPreview-list"
      aria-label={trans.__('Largest folders and files')}
    >
      {found.largest
        .filter(one => one.path)
        .map(({ path, bytes }) => (
          <li key={path}>
            <span className="jp-compute-SubmitPreview-path">{path}</span>
            <span className="jp-compute-SubmitPreview-bytes">
              {formatBytes(bytes)}
            </span>
            <LeaveOut
              trans={trans}
              path={path}
              isDisabled={isLoading}
              onIgnore={onIgnore}
            />
          </li>
        ))}
    </ul>
  );
}

function LeaveOut({
  trans,
  path,
  isDisabled = false,
  onIgnore
}: {
  trans: TranslationBundle;
  path: string;
  isDisabled?: boolean;
  onIgnore: (path: string) => void;
}): JSX.Element {
  return (
    <button
      type="button"
      className="jp-compute-Submit-small"
      disabled={isDisabled}
      aria-label={trans.__('Leave out %1', path)}
      onClick={event => {
        event.stopPropagation();
        onIgnore(path);
      }}
    >
      {trans.__('Leave out')}
    </button>
  );
}

/** Every folder and file with its size, and why it is in or out. */
function Files(props: ISubmitPreviewProps & { found: IPreview }): JSX.Element {
  const { trans, found, tree, explanation, onLoadTree, onExplain } = props;
  const [isOpen, setIsOpen] = useState(false);
  const leftOut = useMemo(
    () => new Set(found.excluded.map(one => one.path)),
    [found]
  );
  const toggle = (event: SyntheticEvent<HTMLDetailsElement>) => {
    setIsOpen(event.currentTarget.open);
    if (event.currentTarget.open && !tree) {
      onLoadTree();
    }
  };
  return (
    <details className="jp-compute-SubmitPreview-part" onToggle={toggle}>
      <summary>{trans.__('Look at the files')}</summary>
      {isOpen && tree && (
        <SizeTree
          trans={trans}
          entries={tree}
          excluded={found.excluded}
          selected={explanation?.path}
          onSelect={path => path && onExplain(path)}
          renderActions={path =>
            path &&
            !leftOut.has(path) && (
              <LeaveOut trans={trans} path={path} onIgnore={props.onIgnore} />
            )
          }
        />
      )}
      <Explain {...props} />
    </details>
  );
}

function Excluded({
  trans,
  excluded
}: {
  trans: TranslationBundle;
  excluded: readonly IExcluded[];
}): JSX.Element {
  const more = excluded.length - MOST_EXCLUDED;
  return (
    <details className="jp-compute-SubmitPreview-part">
      <summary>
        {trans._n(
          '%1 thing is left out',
          '%1 things are left out',
          excluded.length,
          excluded.length
        )}
      </summary>
      <ul className="jp-compute-SubmitPreview-list">
        {excluded.slice(0, MOST_EXCLUDED).map(one => (
          <li key={one.path}>
            <span className="jp-compute-SubmitPreview-path">{one.path}</span>
            <span className="jp-compute-SubmitPreview-rule">
              {ruleText(one, trans)}
            </span>
          </li>
        ))}
        {more > 0 && (
          <li>{trans._n('and %1 more', 'and %1 more', more, more)}</li>
        )}
      </ul>
    </details>
  );
}

function Explain({
  trans,
  explanation,
  onExplain,
  onIgnore
}: ISubmitPreviewProps): JSX.Element {
  const [path, setPath] = useState('');
  const ask = () => path.trim() && onExplain(path.trim());
  return (
    <>
      <div className="jp-compute-SubmitPreview-ask" data-own-enter="">
        <input
          type="text"
          className="jp-mod-styled"
          aria-label={trans.__(
            'Why is this in or out? Path of a file or folder'
          )}
          placeholder={trans.__('Why is this in or out? data/train.csv')}
          spellCheck={false}
          value={path}
          onChange={event => setPath(event.target.value)}
          onKeyDown={event => event.key === 'Enter' && ask()}
        />
        <button type="button" className="jp-compute-Submit-small" onClick={ask}>
          {trans.__('Explain')}
        </button>
      </div>
      <div aria-live="polite" className="jp-compute-SubmitPreview-answer">
        {explanation && <span>{explanationText(explanation, trans)}</span>}
        {explanation?.is_included && (
          <LeaveOut trans={trans} path={explanation.path} onIgnore={onIgnore} />
        )}
      </div>
    </>
  );
}

function ruleText(rule: IExcluded, trans: TranslationBundle): string {
  if (!rule.line) {
    return trans.__('%1: %2', rule.source, rule.pattern);
  }
  return trans.__('%1, line %2: %3', rule.source, rule.line, rule.pattern);
}

function explanationText(
  { path, is_included: isIncluded, rule }: IExplanation,
  trans: TranslationBundle
): string {
  if (!rule) {
    return trans.__('%1 goes along: no rule leaves it out.', path);
  }
  const why = ruleText(rule, trans);
  return isIncluded
    ? trans.__('%1 goes along (%2).', path, why)
    : trans.__('%1 is left out (%2).', path, why);
}

function ignoredText(
  { line, created }: IIgnored,
  trans: TranslationBundle
): string {
  return created
    ? trans.__(
        'A new file .amlignore has the line %1. It takes the place of .gitignore, whose rules it repeats.',
        line
      )
    : trans.__('The file .amlignore has the line %1 now.', line);
}
