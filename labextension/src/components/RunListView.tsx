import type { TranslationBundle } from '@jupyterlab/translation';
import {
  defaultRangeExtractor,
  useVirtualizer,
  type Range,
  type Virtualizer
} from '@tanstack/react-virtual';
import {
  useCallback,
  useEffect,
  useId,
  useLayoutEffect,
  useReducer,
  useRef,
  type KeyboardEvent,
  type MouseEvent,
  type RefObject
} from 'react';
import type { RunList } from '../model/runList';
import type { RunSelection, SelectMode } from '../model/runSelection';
import { RunRow } from './RunRow';

const ROW_HEIGHT = 42;
const OVERSCAN = 8;

export interface IRunListViewProps {
  list: RunList;
  selection: RunSelection;
  trans: TranslationBundle;
  /** Whether anybody can see it; otherwise nothing is asked for and nothing ticks. */
  isShown: boolean;
  /** Open the run that was chosen. */
  onOpen: (id: string) => void;
  /** Delete what is selected. */
  onDelete: () => void;
}

type Rows = Virtualizer<HTMLDivElement, Element>;

/**
 * The rows that are seen of a list of any length, for mouse and keys.
 */
export function RunListView(props: IRunListViewProps): JSX.Element {
  const { list, selection, trans, isShown, onOpen } = props;
  useSignals(list, selection);
  const scroller = useRef<HTMLDivElement>(null);
  const id = useId();
  const active = selection.active;
  const rows = useRows(list.total ?? 0, scroller, active);
  useLook(list, rows, isShown);
  useAnchor(list, scroller);
  const onKeyDown = useKeys(props, rows);
  const choose = (event: MouseEvent, index: number): void => {
    void selection.choose(index, modeOf(event));
  };
  const offer = (index: number): void => {
    const run = list.row(index);
    if (run && !selection.has(run.id)) {
      void selection.choose(index);
    }
  };
  const items = isShown ? rows.getVirtualItems() : [];
  const isHere = items.some(({ index }) => index === active);
  return (
    <div
      ref={scroller}
      className="jp-compute-RunList"
      role="listbox"
      aria-label={trans.__('Runs')}
      aria-multiselectable="true"
      aria-activedescendant={isHere ? `${id}-${active}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div
        className="jp-compute-RunList-rows"
        role="presentation"
        style={{ height: rows.getTotalSize() }}
      >
        {items.map(({ index, start }) => {
          const run = list.row(index);
          return (
            <div
              key={index}
              id={`${id}-${index}`}
              className="jp-compute-RunList-row"
              role="option"
              aria-selected={!!run && selection.has(run.id)}
              aria-setsize={list.total ?? -1}
              aria-posinset={index + 1}
              aria-busy={!run}
              data-active={index === active}
              style={{ height: ROW_HEIGHT, top: start }}
              onClick={event => choose(event, index)}
              onDoubleClick={() => run && onOpen(run.id)}
              onContextMenu={() => offer(index)}
            >
              <RunRow run={run} trans={trans} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function useSignals(list: RunList, selection: RunSelection): void {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const signals = [list.changed, selection.changed];
    const told = (): void => draw();
    signals.forEach(signal => signal.connect(told));
    return () => signals.forEach(signal => void signal.disconnect(told));
  }, [list, selection]);
}

function useRows(
  count: number,
  scroller: RefObject<HTMLDivElement>,
  active: number
): Rows {
  // The row that the keys act on is named to screen readers even when it is scrolled away.
  const rangeExtractor = useCallback(
    (range: Range) => {
      const shown = defaultRangeExtractor(range);
      const isFar = active >= 0 && active < count && !shown.includes(active);
      return isFar ? [...shown, active].sort((a, b) => a - b) : shown;
    },
    [active, count]
  );
  return useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
    rangeExtractor
  });
}

function useLook(list: RunList, rows: Rows, isShown: boolean): void {
  const first = rows.range?.startIndex ?? 0;
  const last = rows.range?.endIndex ?? 0;
  useEffect(
    () => list.look(isShown ? { first, last } : null),
    [list, first, last, isShown]
  );
  useEffect(() => () => list.look(null), [list]);
}

/** Rows that come in above move nothing that is looked at. */
function useAnchor(list: RunList, scroller: RefObject<HTMLDivElement>): void {
  const by = useRef(0);
  useEffect(() => {
    const told = (_: RunList, more: number): void => {
      by.current += more;
    };
    list.moved.connect(told);
    return () => void list.moved.disconnect(told);
  }, [list]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (by.current && element) {
      element.scrollTop += by.current * ROW_HEIGHT;
      by.current = 0;
      // Said as soon as React is done, so that the rows are there before anything is painted.
      queueMicrotask(() => element.dispatchEvent(new Event('scroll')));
    }
  });
}

function useKeys(
  { list, selection, onOpen, onDelete }: IRunListViewProps,
  rows: Rows
): (event: KeyboardEvent) => void {
  return event => {
    const total = list.total ?? 0;
    const next = target(event.key, selection.active, total, rows);
    const run = list.row(selection.active);
    if (next !== null) {
      void selection.choose(next, keyMode(event));
      rows.scrollToIndex(next, { align: 'auto' });
    } else if (event.key === ' ' && selection.active >= 0) {
      void selection.choose(selection.active, modeOf(event));
    } else if (event.key === 'Enter' && run) {
      onOpen(run.id);
    } else if (event.key === 'Delete' && selection.runs.length > 0) {
      onDelete();
    } else if (event.key === 'Escape' && selection.runs.length > 0) {
      selection.clear();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
}

/** Where a key leads to; `null` if it leads nowhere. */
function target(
  key: string,
  active: number,
  total: number,
  rows: Rows
): number | null {
  const page = Math.max(
    1,
    Math.floor((rows.scrollRect?.height ?? 0) / ROW_HEIGHT) - 1
  );
  const steps: Record<string, number> = {
    ArrowDown: active + 1,
    ArrowUp: active < 0 ? 0 : active - 1,
    PageDown: active + page,
    PageUp: active - page,
    Home: 0,
    End: total - 1
  };
  if (total === 0 || !(key in steps)) {
    return null;
  }
  return Math.min(Math.max(steps[key], 0), total - 1);
}

function modeOf(event: MouseEvent | KeyboardEvent): SelectMode {
  if (event.shiftKey) {
    return 'extend';
  }
  return event.ctrlKey || event.metaKey ? 'toggle' : 'only';
}

/** Moving with Ctrl leaves the selection as it is. */
function keyMode(event: KeyboardEvent): SelectMode {
  const mode = modeOf(event);
  return mode === 'toggle' ? 'visit' : mode;
}
