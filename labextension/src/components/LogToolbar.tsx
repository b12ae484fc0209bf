import {
  HTMLSelect,
  copyIcon,
  downloadIcon,
  numberingIcon,
  searchIcon
} from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { FollowState } from '../model/log/follower';
import { LogButton } from './LogButton';
import { followIcon, wrapIcon } from './logIcons';

/** How a reader wants a log to look. */
export interface ILogPreferences {
  isWrapped: boolean;
  hasLineNumbers: boolean;
}

export interface ILogToolbarProps {
  names: readonly string[];
  name: string;
  state: FollowState;
  /** Why it waits or failed. */
  why?: string;
  lineCount: number;
  isFollowing: boolean;
  isSearching: boolean;
  preferences: ILogPreferences;
  trans: TranslationBundle;
  onName: (name: string) => void;
  onFollow: () => void;
  onSearch: () => void;
  onPreferences: (preferences: ILogPreferences) => void;
  onCopy: () => void;
  onDownload: () => void;
}

/**
 * Which log is shown and how it comes; what can be done with it.
 */
export function LogToolbar(props: ILogToolbarProps): JSX.Element {
  const { names, name, state, lineCount, preferences, trans } = props;
  const { isWrapped, hasLineNumbers } = preferences;
  return (
    <div className="jp-compute-Log-toolbar">
      {names.length > 1 && (
        <HTMLSelect
          aria-label={trans.__('Which log')}
          value={name}
          onChange={event => props.onName(event.target.value)}
        >
          {names.map(one => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </HTMLSelect>
      )}
      <span
        className="jp-compute-Log-state"
        data-state={state}
        title={props.why}
        role="status"
      >
        {stateOf(state, trans)}
      </span>
      <span className="jp-compute-Log-lines">
        {trans._n('%2 line', '%2 lines', lineCount, lineCount.toLocaleString())}
      </span>
      <LogButton
        label={trans.__('Find in the log')}
        icon={searchIcon}
        isOn={props.isSearching}
        onClick={props.onSearch}
      />
      <LogButton
        label={trans.__('Follow the end')}
        icon={followIcon}
        isOn={props.isFollowing}
        onClick={props.onFollow}
      />
      <LogButton
        label={trans.__('Wrap long lines')}
        icon={wrapIcon}
        isOn={isWrapped}
        onClick={() =>
          props.onPreferences({ ...preferences, isWrapped: !isWrapped })
        }
      />
      <LogButton
        label={trans.__('Number the lines')}
        icon={numberingIcon}
        isOn={hasLineNumbers}
        onClick={() =>
          props.onPreferences({
            ...preferences,
            hasLineNumbers: !hasLineNumbers
          })
        }
      />
      <LogButton
        label={trans.__('Copy the log')}
        icon={copyIcon}
        onClick={props.onCopy}
      />
      <LogButton
        label={trans.__('Download the log')}
        icon={downloadIcon}
        onClick={props.onDownload}
      />
    </div>
  );
}

function stateOf(state: FollowState, trans: TranslationBundle): string {
  switch (state) {
    case 'connecting':
      return trans.__('Connecting…');
    case 'live':
    case 'polling':
      return trans.__('Live');
    case 'waiting':
      return trans.__('Reconnecting…');
    case 'ended':
      return trans.__('Complete');
    case 'failed':
      return trans.__('Not available');
  }
}
