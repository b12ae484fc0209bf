import type { TranslationBundle } from '@jupyterlab/translation';
import {
  caretDownIcon,
  caretUpIcon,
  caseSensitiveIcon,
  closeIcon,
  regexIcon
} from '@jupyterlab/ui-components';
import type { KeyboardEvent, RefObject } from 'react';
import type { ILogQuery } from '../model/log/search';
import { LogButton } from './LogButton';
import type { IFound } from './logFinder';

export interface ILogSearchProps {
  query: ILogQuery;
  found: IFound;
  trans: TranslationBundle;
  input: RefObject<HTMLInputElement>;
  onQuery: (query: ILogQuery) => void;
  onStep: (isForward: boolean) => void;
  onClose: () => void;
}

/**
 * What to look for in a log, and how many times it is there.
 */
export function LogSearch(props: ILogSearchProps): JSX.Element {
  const { query, found, trans, input, onQuery, onStep, onClose } = props;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') {
      onStep(!event.shiftKey);
    } else if (event.key === 'Escape') {
      onClose();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="jp-compute-Log-search" role="search" onKeyDown={onKeyDown}>
      <input
        ref={input}
        type="text"
        className="jp-compute-Log-input"
        aria-label={trans.__('Find in the log')}
        placeholder={trans.__('Find in the log')}
        aria-invalid={found.isInvalid}
        spellCheck={false}
        value={query.text}
        onChange={event => onQuery({ ...query, text: event.target.value })}
      />
      <LogButton
        label={trans.__('Match case')}
        icon={caseSensitiveIcon}
        isOn={query.isCaseSensitive}
        onClick={() =>
          onQuery({ ...query, isCaseSensitive: !query.isCaseSensitive })
        }
      />
      <LogButton
        label={trans.__('Use regular expression')}
        icon={regexIcon}
        isOn={query.isRegExp}
        onClick={() => onQuery({ ...query, isRegExp: !query.isRegExp })}
      />
      <span className="jp-compute-Log-count" role="status">
        {query.text && countOf(found, trans)}
      </span>
      <LogButton
        label={trans.__('Previous match')}
        icon={caretUpIcon}
        isDisabled={found.total === 0}
        onClick={() => onStep(false)}
      />
      <LogButton
        label={trans.__('Next match')}
        icon={caretDownIcon}
        isDisabled={found.total === 0}
        onClick={() => onStep(true)}
      />
      <LogButton
        label={trans.__('Close the search')}
        icon={closeIcon}
        onClick={onClose}
      />
    </div>
  );
}

function countOf(found: IFound, trans: TranslationBundle): string {
  if (found.isInvalid) {
    return trans.__('Not a regular expression');
  }
  if (found.total === 0) {
    return found.isWhole ? trans.__('No matches') : trans.__('Searching…');
  }
  const total = found.total.toLocaleString() + (found.isWhole ? '' : '+');
  return found.place > 0
    ? trans.__('%1 of %2', found.place.toLocaleString(), total)
    : trans._n('%2 match', '%2 matches', found.total, total);
}
