import { useEffect, useRef, type KeyboardEvent } from 'react';

export interface ITab {
  id: string;
  label: string;
}

export interface ITabListProps {
  /** Says what the tabs are of. */
  label: string;
  tabs: readonly ITab[];
  selected: string;
  /** The element that a tab shows, by the tab's id. */
  panelId: (id: string) => string;
  onSelect: (id: string) => void;
}

/**
 * Tabs: one of them is reached by the Tab key, the others by the arrows.
 */
export function TabList({
  label,
  tabs,
  selected,
  panelId,
  onSelect
}: ITabListProps): JSX.Element {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Where not all have a place beside each other, the selected one is to be seen.
    list.current
      ?.querySelector('[aria-selected=true]')
      ?.scrollIntoView?.({ block: 'nearest', inline: 'nearest' });
  }, [selected]);
  const onKeyDown = (event: KeyboardEvent) => {
    const place = tabs.findIndex(tab => tab.id === selected);
    const next = goTo(event.key, place, tabs.length);
    if (next === null) {
      return;
    }
    event.preventDefault();
    onSelect(tabs[next].id);
    list.current?.querySelectorAll<HTMLElement>('[role=tab]')[next].focus();
  };
  return (
    <div
      ref={list}
      role="tablist"
      aria-label={label}
      className="jp-compute-TabList"
      onKeyDown={onKeyDown}
    >
      {tabs.map(tab => (
        <button
          key={tab.id}
          type="button"
          role="tab"
          id={`${panelId(tab.id)}-tab`}
          className="jp-compute-TabList-tab"
          aria-selected={tab.id === selected}
          aria-controls={tab.id === selected ? panelId(tab.id) : undefined}
          tabIndex={tab.id === selected ? 0 : -1}
          onClick={() => onSelect(tab.id)}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}

function goTo(key: string, place: number, count: number): number | null {
  switch (key) {
    case 'ArrowRight':
      return (place + 1) % count;
    case 'ArrowLeft':
      return (place + count - 1) % count;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}
