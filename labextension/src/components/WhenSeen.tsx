import { useRef, useState, type ReactNode } from 'react';
import { useIsSeen } from './useIsSeen';

/**
 * Renders what it holds once it comes into sight, and leaves room for it until then.
 */
export function WhenSeen({ children }: { children: ReactNode }): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const isSeen = useIsSeen(place);
  const [wasSeen, setWasSeen] = useState(false);
  if (isSeen && !wasSeen) {
    setWasSeen(true);
  }
  return (
    <div ref={place} style={wasSeen ? undefined : { minHeight: 60 }}>
      {wasSeen && children}
    </div>
  );
}
