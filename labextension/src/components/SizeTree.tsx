import type { TranslationBundle } from '@jupyterlab/translation';
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  useEffect,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type ReactNode
} from 'react';
import {
  firstOpen,
  foldersOf,
  sizeRows,
  sizeTree,
  type ISizeNode,
  type ISizeRow,
  type SizeOrder
} from '../model/sizes';
import type { IExcluded, ISizeEntry } from '../types';
import { SizeRow } from './SizeRow';

const ROW_HEIGHT = 24;

export interface ISizeTreeProps {
  /** Every folder (its path ends with a slash) and file; the one with the empty path is the whole. */
  entries: readonly ISizeEntry[];
  /** What is left out: shown in its place, with the rule that decides. */
  excluded?: readonly IExcluded[];
  /** A folder or file is chosen, by a click or by Enter. */
  onSelect?: (path: string) => void;
  selected?: string;
  /** What the tree shows, for those who cannot see it. */
  label?: string;
  trans: TranslationBundle;
  /** Buttons at the end of the row that is pointed at or has the focus. */
  renderActions?: (path: string) => ReactNode;
  /** What else is to be said about a file, in place of its size. */
  renderNote?: (path: string) => ReactNode;
}

/**
 * Folders and files with their sizes. Only what is in sight is drawn, so that it may have any number of files.
 */
export function SizeTree(props: ISizeTreeProps): JSX.Element {
  const { entries, excluded, selected, trans } = props;
  const root = useMemo(() => sizeTree(entries, excluded), [entries, excluded]);
  const [open, setOpen] = useState(() => firstOpen(root));
  const [order, setOrder] = useState<SizeOrder>('size');
  const [active, setActive] = useState<string | null>(null);
  const rows = useMemo(() => sizeRows(root, open, order), [root, open, order]);
  const place = Math.max(
    0,
    rows.findIndex(row => row.node.path === (active ?? selected))
  );
  const body = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => body.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12
  });
  useEffect(() => {
    if (selected) {
      setOpen(before => new Set([...before, ...foldersOf(selected)]));
    }
  }, [selected]);

  const toggle = ({ path }: ISizeNode, isOpen: boolean) =>
    setOpen(before => {
      const after = new Set(before);
      return isOpen ? after.add(path) : (after.delete(path), after);
    });
  const choose = (row: ISizeRow) => {
    setActive(row.node.path);
    if (row.node.children.length) {
      toggle(row.node, !row.isOpen);
    }
    props.onSelect?.(row.node.path);
  };
  const focus = (to: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, to))];
    setActive(row.node.path);
    virtual.scrollToIndex(rows.indexOf(row));
    // The row may only be drawn after the scrolling.
    requestAnimationFrame(() =>
      body.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus()
    );
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const isRow = (event.target as Element).getAttribute('role') === 'row';
    const act = isRow && KEYS[event.key];
    if (act && rows.length) {
      act({ rows, place, focus, toggle, choose });
      event.preventDefault();
      event.stopPropagation();
    }
  };
  return (
    <div
      className="jp-compute-SizeTree"
      role="treegrid"
      aria-label={props.label ?? trans.__('Files and their sizes')}
      aria-rowcount={rows.length + 1}
      onKeyDown={onKeyDown}
    >
      <Header order={order} onOrder={setOrder} trans={trans} />
      <div className="jp-compute-SizeTree-body" role="rowgroup" ref={body}>
        <div
          role="presentation"
          style={{ height: virtual.getTotalSize(), position: 'relative' }}
        >
          {virtual.getVirtualItems().map(({ index, start }) => (
            <SizeRow
              key={rows[index].node.path}
              row={rows[index]}
              top={start}
              index={index}
              total={root.bytes}
              isActive={index === place}
              isSelected={rows[index].node.path === selected}
              onChoose={choose}
              onFocus={setActive}
              renderActions={props.renderActions}
              renderNote={props.renderNote}
              trans={trans}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

interface IMoves {
  rows: readonly ISizeRow[];
  place: number;
  focus: (place: number) => void;
  toggle: (node: ISizeNode, isOpen: boolean) => void;
  choose: (row: ISizeRow) => void;
}

const KEYS: Record<string, (moves: IMoves) => void> = {
  ArrowDown: ({ place, focus }) => focus(place + 1),
  ArrowUp: ({ place, focus }) => focus(place - 1),
  PageDown: ({ place, focus }) => focus(place + 10),
  PageUp: ({ place, focus }) => focus(place - 10),
  Home: ({ focus }) => focus(0),
  End: ({ rows, focus }) => focus(rows.length - 1),
  ArrowRight: ({ rows, place, focus, toggle }) => {
    const { node, isOpen } = rows[place];
    if (isOpen) {
      focus(place + 1);
    } else if (node.children.length) {
      toggle(node, true);
    }
  },
  ArrowLeft: ({ rows, place, focus, toggle }) => {
    const { node, isOpen } = rows[place];
    if (isOpen) {
      toggle(node, false);
    } else {
      const parent = rows.findIndex(row => row.node === node.parent);
      focus(parent < 0 ? place : parent);
    }
  },
  Enter: ({ rows, place, choose }) => choose(rows[place]),
  ' ': ({ rows, place, choose }) => choose(rows[place])
};

interface IHeaderProps {
  order: SizeOrder;
  onOrder: (order: SizeOrder) => void;
  trans: TranslationBundle;
}

function Header({ order, onOrder, trans }: IHeaderProps): JSX.Element {
  const columns: [SizeOrder, string, 'ascending' | 'descending'][] = [
    ['name', trans.__('Name'), 'ascending'],
    ['size', trans.__('Size'), 'descending']
  ];
  return (
    <div role="rowgroup">
      <div role="row" className="jp-compute-SizeTree-header" aria-rowindex={1}>
        {columns.map(([id, label, sort]) => (
          <span
            key={id}
            role="columnheader"
            aria-sort={order === id ? sort : 'none'}
          >
            <button type="button" onClick={() => onOrder(id)}>
              {label}
              <span aria-hidden="true">
                {order === id ? (sort === 'ascending' ? ' ▴' : ' ▾') : ''}
              </span>
            </button>
          </span>
        ))}
      </div>
    </div>
  );
}
