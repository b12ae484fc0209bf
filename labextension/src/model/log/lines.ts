import { PLAIN_ID } from './styles';

/**
 * A line of text, and the spans of it that do not look plain: from, to and the look's number, over and over.
 */
export interface ILine {
  text: string;
  spans: readonly number[];
}

/** From this place on everything is new. */
export interface IDelta {
  line: number;
  column: number;
  /** All lines from that one on, whole. */
  lines: readonly ILine[];
}

/** How far up a program may move to write again, such as to many progress bars. */
const REACH = 200;

/** Moves to the right end here, or a number in a log could fill the memory. */
const WIDEST_MOVE = 1000;

const NO_SPANS: readonly number[] = [];

/**
 * What a terminal without end would show: text is written at a cursor, which can go back and write over what is there.
 *
 * It keeps only the last lines; those before are taken by the one who shows them.
 */
export class Lines {
  /** Write text without control characters. */
  print(text: string, style: number): void {
    const line = this._lines[this._row - this._first];
    if (this._column < line.text.length) {
      this._overwrite(line, text, style);
    } else {
      const gap = this._column - line.text.length;
      this._touch(this._row, line.text.length);
      line.text += gap > 0 ? ' '.repeat(gap) + text : text;
      if (style !== PLAIN_ID) {
        line.spans = painted(line.spans, this._column, line.text.length, style);
      }
    }
    this._column += text.length;
  }

  /** Go to the beginning of the next line. */
  newline(): void {
    this._column = 0;
    if (this._row < this._last) {
      this._row++;
      return;
    }
    this._touch(this._row, this._lines[this._row - this._first].text.length);
    this._lines.push({ text: '', spans: NO_SPANS });
    this._row++;
  }

  up(count: number): void {
    const top = Math.max(this._barrier, this._last - REACH);
    this._row = Math.max(top, this._row - count);
  }

  down(count: number): void {
    this._row = Math.min(this._last, this._row + count);
  }

  left(count: number): void {
    this._column = Math.max(0, this._column - count);
  }

  right(count: number): void {
    const widest = Math.max(this._column, WIDEST_MOVE);
    this._column = Math.min(widest, this._column + count);
  }

  column(column: number): void {
    this._column = Math.max(0, Math.min(WIDEST_MOVE, column));
  }

  eraseToEnd(): void {
    this._cut(this._row, this._column);
  }

  eraseToStart(): void {
    const { text } = this._lines[this._row - this._first];
    const count = Math.min(this._column + 1, text.length);
    const column = this._column;
    this._column = 0;
    this.print(' '.repeat(count), PLAIN_ID);
    this._column = column;
  }

  eraseLine(): void {
    this._cut(this._row, 0);
  }

  /** Erase what is right of the cursor and below it. */
  eraseBelow(): void {
    this.eraseToEnd();
    for (let row = this._row + 1; row <= this._last; row++) {
      this._cut(row, 0);
    }
  }

  /** Begin anew below all that is there, which nothing can write over any more. */
  seal(): void {
    this._row = this._last;
    if (this._lines[this._row - this._first].text) {
      this.newline();
    }
    this._column = 0;
    this._barrier = this._row;
  }

  /** Return what is new since the last time, if anything is. */
  take(): IDelta | null {
    if (!this._isTouched) {
      return null;
    }
    const { _touchedRow: line, _touchedColumn: column } = this;
    const lines = this._lines
      .slice(line - this._first)
      .map(one => ({ ...one }));
    this._isTouched = false;
    const gone = Math.max(0, this._last - REACH - this._first);
    this._lines.splice(0, gone);
    this._first += gone;
    return { line, column, lines };
  }

  private get _last(): number {
    return this._first + this._lines.length - 1;
  }

  private _touch(row: number, column: number): void {
    const isBefore =
      row < this._touchedRow ||
      (row === this._touchedRow && column < this._touchedColumn);
    if (!this._isTouched || isBefore) {
      this._isTouched = true;
      this._touchedRow = row;
      this._touchedColumn = column;
    }
  }

  private _cut(row: number, column: number): void {
    const line = this._lines[row - this._first];
    if (column < line.text.length) {
      line.spans = painted(line.spans, column, line.text.length, PLAIN_ID);
      const head = whole(line.text.slice(0, column));
      this._touch(row, Math.max(0, column - 1));
      line.text = head;
    }
  }

  private _overwrite(line: ILine, text: string, style: number): void {
    const from = this._column;
    const to = from + text.length;
    const head = whole(line.text.slice(0, from));
    const tail = line.text.slice(to);
    // Half of a character may be left on either side.
    this._touch(this._row, Math.max(0, from - 1));
    line.text =
      head + text + (isLowSurrogate(tail) ? ` ${tail.slice(1)}` : tail);
    line.spans = painted(line.spans, from, to, style);
  }

  private _lines: ILine[] = [{ text: '', spans: NO_SPANS }];
  private _first = 0;
  private _row = 0;
  private _column = 0;
  private _barrier = 0;
  private _isTouched = false;
  private _touchedRow = 0;
  private _touchedColumn = 0;
}

/** The spans after a part of the line was given a look. */
function painted(
  spans: readonly number[],
  from: number,
  to: number,
  style: number
): readonly number[] {
  const found: number[] = [];
  let isPlaced = false;
  const place = () => {
    if (!isPlaced && style !== PLAIN_ID && from < to) {
      append(found, from, to, style);
    }
    isPlaced = true;
  };
  for (let at = 0; at < spans.length; at += 3) {
    const [start, end, look] = [spans[at], spans[at + 1], spans[at + 2]];
    append(found, start, Math.min(end, from), look);
    if (end > from) {
      place();
    }
    append(found, Math.max(start, to), end, look);
  }
  place();
  return found;
}

/** Add a span if it is not empty; one that goes on with the look before becomes a part of it. */
function append(
  spans: number[],
  from: number,
  to: number,
  style: number
): void {
  if (from >= to) {
    return;
  }
  const last = spans.length - 3;
  if (last >= 0 && spans[last + 1] === from && spans[last + 2] === style) {
    spans[last + 1] = to;
  } else {
    spans.push(from, to, style);
  }
}

/** Replace half of a character at the end. */
function whole(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  const isHigh = last >= 0xd800 && last <= 0xdbff;
  return isHigh ? `${text.slice(0, -1)} ` : text;
}

function isLowSurrogate(text: string): boolean {
  const first = text.charCodeAt(0);
  return first >= 0xdc00 && first <= 0xdfff;
}
