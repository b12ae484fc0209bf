import type { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';

const SHOWN_LINES = 400;

export interface IDiffTextProps {
  /** A unified diff. */
  text: string;
  trans: TranslationBundle;
}

/**
 * A unified diff: what was added and removed is told by sign and by colour.
 */
export function DiffText({ text, trans }: IDiffTextProps): JSX.Element {
  const [isWhole, setWhole] = useState(false);
  const lines = text.replace(/\n$/, '').split('\n');
  const shown = isWhole ? lines : lines.slice(0, SHOWN_LINES);
  return (
    <div className="jp-compute-DiffText">
      <pre tabIndex={0}>
        {shown.map((line, place) => (
          <span key={place} data-sign={signOf(line)}>
            {line}
            {'\n'}
          </span>
        ))}
      </pre>
      {shown.length < lines.length && (
        <button type="button" onClick={() => setWhole(true)}>
          {trans.__('Show all %1 lines', lines.length)}
        </button>
      )}
    </div>
  );
}

function signOf(line: string): string {
  if (line.startsWith('+++') || line.startsWith('---')) {
    return 'name';
  }
  switch (line[0]) {
    case '+':
      return 'added';
    case '-':
      return 'removed';
    case '@':
      return 'place';
    default:
      return 'same';
  }
}
