import type { Text } from '@codemirror/state';

export interface ILogQuery {
  text: string;
  isCaseSensitive: boolean;
  isRegExp: boolean;
}

export interface IMatch {
  from: number;
  to: number;
}

/** More matches than this are not counted: nobody steps through them. */
export const MOST_COUNTED = 100_000;

/** How many lines are looked at between two looks at the clock. */
const CHECKED_EVERY = 256;

/**
 * Return what to look for, or `null` when there is nothing to look for or it is no regular expression.
 */
export function patternOf(query: ILogQuery): RegExp | null {
  if (!query.text) {
    return null;
  }
  const source = query.isRegExp
    ? query.text
    : query.text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  try {
    return new RegExp(source, query.isCaseSensitive ? 'gu' : 'giu');
  } catch {
    return null;
  }
}

/** All matches in one line; empty ones are none. */
export function matchesIn(line: string, pattern: RegExp): IMatch[] {
  const found: IMatch[] = [];
  for (const match of line.matchAll(pattern)) {
    if (match[0]) {
      found.push({ from: match.index, to: match.index + match[0].length });
    }
  }
  return found;
}

/** The first match that begins at a place or after it; after the end it goes on from the beginning. */
export function findNext(
  text: Text,
  pattern: RegExp,
  at: number
): IMatch | null {
  const start = text.lineAt(Math.min(at, text.length)).number;
  for (let step = 0; step <= text.lines; step++) {
    const line = text.line(((start - 1 + step) % text.lines) + 1);
    const isFirst = step === 0;
    const found = placed(line, pattern).find(
      match => !isFirst || match.from >= at
    );
    if (found) {
      return found;
    }
  }
  return null;
}

/** The last match that begins before a place; before the beginning it goes on from the end. */
export function findPrevious(
  text: Text,
  pattern: RegExp,
  at: number
): IMatch | null {
  const start = text.lineAt(Math.min(at, text.length)).number;
  for (let step = 0; step <= text.lines; step++) {
    const number = (start - 1 - step + 2 * text.lines) % text.lines;
    const found = placed(text.line(number + 1), pattern);
    const isFirst = step === 0;
    const match = found.filter(one => !isFirst || one.from < at).pop();
    if (match) {
      return match;
    }
  }
  return null;
}

function placed(
  line: { from: number; text: string },
  pattern: RegExp
): IMatch[] {
  return matchesIn(line.text, pattern).map(({ from, to }) => ({
    from: line.from + from,
    to: line.from + to
  }));
}

/**
 * Counts matches little by little, so that the page stays quick, and goes on as the text grows.
 */
export class MatchCount {
  constructor(readonly pattern: RegExp) {}

  /** How many matches were found so far. */
  get total(): number {
    return this._starts.length;
  }

  /** Whether all of the text was looked at. */
  get isWhole(): boolean {
    return this._isWhole;
  }

  /** Whether it stopped, as there are so many. */
  get isFull(): boolean {
    return this.total >= MOST_COUNTED;
  }

  /** Say which match begins at a place, counted from 1; 0 when it is not known. */
  placeOf(start: number): number {
    const index = lowerBound(this._starts, start);
    return this._starts[index] === start ? index + 1 : 0;
  }

  /** From this place on the text is new. */
  forget(text: Text, from: number): void {
    const line = text.lineAt(from);
    this._next = Math.min(this._next, line.number);
    this._starts.length = lowerBound(this._starts, line.from);
    this._isWhole = false;
  }

  /** Look on for some milliseconds. */
  work(text: Text, budget: number): void {
    const until = performance.now() + budget;
    const first = this._next;
    if (first > text.lines) {
      this._isWhole = true;
      return;
    }
    let at = text.line(first).from;
    for (const line of text.iterLines(first)) {
      for (const { from } of matchesIn(line, this.pattern)) {
        this._starts.push(at + from);
      }
      at += line.length + 1;
      this._next++;
      const isPause = (this._next - first) % CHECKED_EVERY === 0;
      if (isPause && (this.isFull || performance.now() > until)) {
        break;
      }
    }
    this._isWhole = this._next > text.lines;
  }

  private _starts: number[] = [];
  /** The number of the first line that was not looked at. */
  private _next = 1;
  private _isWhole = false;
}

function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
