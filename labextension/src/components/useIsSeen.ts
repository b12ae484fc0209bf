import { useEffect, useState, type RefObject } from 'react';

/**
 * Whether an element is within what is scrolled into sight, or close to it.
 */
export function useIsSeen(element: RefObject<Element>): boolean {
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver(
      entries => setSeen(entries[entries.length - 1].isIntersecting),
      { rootMargin: '100px' }
    );
    if (element.current) {
      observer.observe(element.current);
    }
    return () => observer.disconnect();
  }, [element]);
  return isSeen;
}
