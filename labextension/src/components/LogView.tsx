import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { LogModel } from '../model/log/log';
import type { ILogQuery } from '../model/log/search';
import { EmptyState } from './EmptyState';
import { ErrorNotice } from './ErrorNotice';
import { LogSearch } from './LogSearch';
import { LogToolbar, type ILogPreferences } from './LogToolbar';
import { useLogEditor } from './useLogEditor';

export interface ILogViewProps {
  model: LogModel;
  preferences: ILogPreferences;
  trans: TranslationBundle;
  onPreferences: (preferences: ILogPreferences) => void;
  onDownload: () => void;
}

/**
 * A log as it is written: it follows the end, is searched, and stays where the reader is.
 */
export function LogView(props: ILogViewProps): JSX.Element {
  const { model, preferences, trans, onPreferences, onDownload } = props;
  useChanges(model);
  const [isSearching, setSearching] = useState(false);
  const [query, setQuery] = useState<ILogQuery>(NO_QUERY);
  const input = useRef<HTMLInputElement>(null);
  const openSearch = useCallback(() => {
    setSearching(true);
    input.current?.select();
  }, []);
  const shown = useLogEditor({ model, preferences, trans, openSearch });
  const { look, editor } = shown;
  useEffect(() => {
    look(isSearching ? query : NO_QUERY);
  }, [look, isSearching, query]);
  useEffect(() => {
    if (isSearching) {
      input.current?.select();
    }
  }, [isSearching]);
  const closeSearch = () => {
    setSearching(false);
    editor.current?.view.focus();
  };
  const { state, error } = model.follower;
  return (
    <div className="jp-compute-Log">
      <LogToolbar
        names={model.names}
        name={model.name}
        state={state}
        why={error?.message}
        lineCount={shown.lineCount}
        isFollowing={shown.isFollowing}
        isSearching={isSearching}
        preferences={preferences}
        trans={trans}
        onName={name => model.select(name)}
        onFollow={() => editor.current?.follow(!shown.isFollowing)}
        onSearch={isSearching ? closeSearch : openSearch}
        onPreferences={onPreferences}
        onCopy={() => Clipboard.copyToSystem(model.document.text.toString())}
        onDownload={onDownload}
      />
      {isSearching && (
        <LogSearch
          query={query}
          found={shown.found}
          trans={trans}
          input={input}
          onQuery={setQuery}
          onStep={shown.step}
          onClose={closeSearch}
        />
      )}
      {error && state === 'failed' && (
        <ErrorNotice
          error={error}
          trans={trans}
          onRetry={() => model.follower.retry()}
        />
      )}
      <div className="jp-compute-Log-body">
        <div className="jp-compute-Log-host" ref={shown.host} />
        {shown.lineCount === 0 && !error && state !== 'connecting' && (
          <div className="jp-compute-Log-empty">
            <EmptyState
              title={
                state === 'ended'
                  ? trans.__('Nothing was printed.')
                  : trans.__('Nothing has been printed yet.')
              }
            />
          </div>
        )}
        {!shown.isFollowing && shown.unseen > 0 && (
          <button
            type="button"
            className="jp-compute-Log-unseen"
            onClick={() => editor.current?.follow(true)}
          >
            {trans._n(
              '%2 new line',
              '%2 new lines',
              shown.unseen,
              shown.unseen.toLocaleString()
            )}
          </button>
        )}
      </div>
    </div>
  );
}

const NO_QUERY: ILogQuery = {
  text: '',
  isCaseSensitive: false,
  isRegExp: false
};

function useChanges(model: LogModel): void {
  const [, setCount] = useState(0);
  useEffect(() => {
    const again = () => setCount(count => count + 1);
    model.changed.connect(again);
    return () => {
      model.changed.disconnect(again);
    };
  }, [model]);
}
