import type { TranslationBundle } from '@jupyterlab/translation';
import {
  useCallback,
  useEffect,
  useRef,
  useState,
  type RefObject
} from 'react';
import type { LogModel } from '../model/log/log';
import type { ILogQuery } from '../model/log/search';
import { LogEditor } from './logEditor';
import { LogFinder, NOTHING_FOUND, type IFound } from './logFinder';
import type { ILogPreferences } from './LogToolbar';

export interface ILogEditorProps {
  model: LogModel;
  preferences: ILogPreferences;
  trans: TranslationBundle;
  openSearch: () => void;
}

export interface IShownLog {
  /** Where the log goes. */
  host: RefObject<HTMLDivElement>;
  editor: RefObject<LogEditor | null>;
  lineCount: number;
  isFollowing: boolean;
  unseen: number;
  found: IFound;
  look: (query: ILogQuery) => void;
  step: (isForward: boolean) => void;
}

/** So often the number of lines is told while they come. */
const COUNTED_MS = 100;

/**
 * Keep an editor with the log that is looked at in an element.
 */
export function useLogEditor(props: ILogEditorProps): IShownLog {
  const { model, preferences, trans, openSearch } = props;
  const log = model.document;
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<LogEditor | null>(null);
  const finder = useRef<LogFinder | null>(null);
  const wanted = useRef(preferences);
  const lastQuery = useRef<ILogQuery | null>(null);
  const [isFollowing, setFollowing] = useState(model.isFollowing);
  const [unseen, setUnseen] = useState(0);
  const [found, setFound] = useState<IFound>(NOTHING_FOUND);
  const lineCount = useLineCount(model);

  const step = useCallback((isForward: boolean) => {
    finder.current?.step(isForward);
  }, []);
  const look = useCallback((query: ILogQuery) => {
    lastQuery.current = query;
    finder.current?.look(query);
  }, []);

  useEffect(() => {
    if (!host.current) {
      return;
    }
    const made = new LogEditor({
      host: host.current,
      log,
      label: trans.__('Log'),
      isFollowing: model.isFollowing,
      place: model.place,
      ...wanted.current,
      keys: keysFor(openSearch, step),
      onFollow: (isOn, count) => {
        model.isFollowing = isOn;
        setFollowing(isOn);
        setUnseen(count);
      }
    });
    editor.current = made;
    finder.current = new LogFinder(made, log, setFound);
    setFollowing(model.isFollowing);
    if (lastQuery.current) {
      finder.current.look(lastQuery.current);
    }
    const seen = new ResizeObserver(() => made.refresh());
    seen.observe(host.current);
    return () => {
      seen.disconnect();
      finder.current?.dispose();
      if (model.document === log) {
        model.place = made.view.scrollSnapshot();
      }
      made.dispose();
      editor.current = finder.current = null;
    };
  }, [model, log, trans, openSearch, step]);

  useEffect(() => {
    wanted.current = preferences;
    editor.current?.configure(
      preferences.isWrapped,
      preferences.hasLineNumbers
    );
  }, [preferences]);

  return { host, editor, lineCount, isFollowing, unseen, found, look, step };
}

function keysFor(openSearch: () => void, step: (isForward: boolean) => void) {
  const open = () => {
    openSearch();
    return true;
  };
  const go = (isForward: boolean) => () => {
    step(isForward);
    return true;
  };
  return [
    { key: 'Mod-f', run: open },
    { key: 'F3', run: go(true), shift: go(false), preventDefault: true },
    { key: 'Mod-g', run: go(true), shift: go(false), preventDefault: true }
  ];
}

function useLineCount(model: LogModel): number {
  const log = model.document;
  const [count, setCount] = useState(log.lineCount);
  useEffect(() => {
    let timer = 0;
    const tell = () => {
      timer = 0;
      setCount(log.lineCount);
    };
    const hear = () => {
      timer ||= window.setTimeout(tell, COUNTED_MS);
    };
    tell();
    log.changed.connect(hear);
    return () => {
      log.changed.disconnect(hear);
      window.clearTimeout(timer);
    };
  }, [log]);
  return count;
}
