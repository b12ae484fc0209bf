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

const NO_MATCHES: readonly IMatch[] = [];

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
    return new RegExp(source, query.isCaseSensitive ? 'g' : 'gi');
  } catch {
    return null;
  }
}

/** All matches in one line; empty ones are none. */
export function matchesIn(line: string, pattern: RegExp): readonly IMatch[] {
  pattern.lastIndex = 0;
  let match = pattern.exec(line);
  if (!match) {
    return NO_MATCHES;
  }
  const found: IMatch[] = [];
  for (; match; match = pattern.exec(line)) {
    if (match[0]) {
      found.push({ from: match.index, to: match.index + match[0].length });
    } else {
      pattern.lastIndex++;
    }
  }
  return found;
}

/**
 * Look for the first match that begins at a place or after it, or else the last one that begins before it; at the end
 * of the text it goes on from the other one. It pauses often, so that the page stays quick.
 */
export function* seek(
  text: Text,
  pattern: RegExp,
  at: number,
  isForward: boolean
): Generator<void, IMatch | null> {
  let count = 0;
  for (const line of isForward ? linesFrom(text, at) : linesUpTo(text, at)) {
    const found = matchesIn(line.text, pattern).map(({ from, to }) => ({
      from: line.from + from,
      to: line.from + to
    }));
    const match = isForward
      ? found.find(one => line.isAgain || one.from >= at)
      : found.reverse().find(one => line.isAgain || one.from < at);
    if (match) {
      return match;
    }
    if (++count % CHECKED_EVERY === 0) {
      yield;
    }
  }
  return null;
}

interface ISoughtLine {
  from: number;
  text: string;
  /** Whether it comes after the text's end was met. */
  isAgain: boolean;
}

function* linesFrom(text: Text, at: number): Generator<ISoughtLine> {
  const first = text.lineAt(at);
  let from = first.from;
  for (const line of text.iterLines(first.number)) {
    yield { from, text: line, isAgain: false };
    from += line.length + 1;
  }
  from = 0;
  for (const line of text.iterLines(1, first.number + 1)) {
    yield { from, text: line, isAgain: true };
    from += line.length + 1;
  }
}

function* linesUpTo(text: Text, at: number): Generator<ISoughtLine> {
  const first = text.lineAt(at);
  yield* linesBack(text, first.to, 0, false);
  yield* linesBack(text, text.length, first.from, true);
}

function* linesBack(
  text: Text,
  to: number,
  until: number,
  isAgain: boolean
): Generator<ISoughtLine> {
  const parts = text.iterRange(to, until);
  for (let from = to; !parts.next().done;) {
    from -= parts.value.length;
    if (!parts.lineBreak) {
      yield { from, text: parts.value, isAgain };
    }
  }
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
