import { Lines } from './lines';
import { PLAIN, PLAIN_ID, type Styles } from './styles';

type State = 'text' | 'escape' | 'ignored' | 'sequence' | 'string';

const BACKSPACE = 8;
const TAB = 9;
const NEWLINE = 10;
const FORM_FEED = 12;
const RETURN = 13;
const ESCAPE = 27;
const SPACE = 32;
const DELETE = 127;

/** Longer parameters mean nothing to anyone. */
const LONGEST = 256;

/**
 * Reads what a program writes to a terminal: text, control characters and escape sequences, cut anywhere.
 *
 * Sequences that only a real terminal can follow are left out, and so is the address of a link.
 */
export class Terminal {
  constructor(private readonly _styles: Styles) {}

  readonly lines = new Lines();

  write(text: string): void {
    let at = 0;
    while (at < text.length) {
      switch (this._state) {
        case 'text':
          at = this._text(text, at);
          break;
        case 'string':
          at = this._string(text, at);
          break;
        default:
          at = this._sequence(text, at);
      }
    }
  }

  /** Set a line apart from what comes before and after; the next text looks plain. */
  divide(label: string): void {
    this._state = 'text';
    this._style = PLAIN_ID;
    this.lines.seal();
    const style = this._styles.idOf({ ...PLAIN, isDivider: true });
    this.lines.print(label, style);
    this.lines.newline();
    this.lines.seal();
  }

  private _text(text: string, from: number): number {
    let at = from;
    while (at < text.length && isPrinted(text.charCodeAt(at))) {
      at++;
    }
    if (at > from) {
      this.lines.print(text.slice(from, at), this._style);
    }
    if (at < text.length) {
      this._control(text.charCodeAt(at));
      at++;
    }
    return at;
  }

  private _control(code: number): void {
    if (code >= NEWLINE && code <= FORM_FEED) {
      this.lines.newline();
    } else if (code === RETURN) {
      this.lines.column(0);
    } else if (code === BACKSPACE) {
      this.lines.left(1);
    } else if (code === ESCAPE) {
      this._state = 'escape';
    }
  }

  /** One character of an escape sequence. One that does not belong into it ends it, and counts as text. */
  private _sequence(text: string, at: number): number {
    const code = text.charCodeAt(at);
    if (code < SPACE || code >= DELETE) {
      this._state = 'text';
      return at;
    }
    const char = text[at];
    if (this._state === 'escape') {
      this._escape(char);
    } else if (this._state === 'ignored') {
      this._state = char >= '0' ? 'text' : 'ignored';
    } else if (char >= '@') {
      this._state = 'text';
      this._act(char, this._parameters);
    } else if (this._parameters.length < LONGEST) {
      this._parameters += char;
    }
    return at + 1;
  }

  private _escape(char: string): void {
    if (char === '[') {
      this._state = 'sequence';
      this._parameters = '';
    } else if (']PX^_'.includes(char)) {
      this._state = 'string';
    } else if (char < '0') {
      this._state = 'ignored';
    } else {
      this._state = 'text';
      if (char === 'M') {
        this.lines.up(1);
      } else if (char === 'E') {
        this.lines.newline();
      }
    }
  }

  /** Titles and links. A new line ends them, too, or one stray sequence would swallow the log. */
  private _string(text: string, from: number): number {
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code < SPACE && code !== TAB) {
        this._state = code === ESCAPE ? 'escape' : 'text';
        return code === NEWLINE || code === RETURN ? at : at + 1;
      }
    }
    return text.length;
  }

  private _act(final: string, parameters: string): void {
    if (final === 'm' && !/[^0-9;:]/.test(parameters)) {
      this._style = this._styles.after(this._style, parameters);
    } else if (/^[0-9;]*$/.test(parameters)) {
      const number = Number(parameters.split(';')[0]);
      this._move(final, Math.max(1, number));
      this._erase(final, number);
    }
  }

  private _move(final: string, count: number): void {
    const { lines } = this;
    switch (final) {
      case 'A':
        return lines.up(count);
      case 'B':
        return lines.down(count);
      case 'C':
        return lines.right(count);
      case 'D':
        return lines.left(count);
      case 'E':
        lines.column(0);
        return lines.down(count);
      case 'F':
        lines.column(0);
        return lines.up(count);
      case 'G':
        return lines.column(count - 1);
    }
  }

  /** A log is kept: a screen that is cleared goes on below. */
  private _erase(final: string, what: number): void {
    const { lines } = this;
    if (final === 'K') {
      [lines.eraseToEnd, lines.eraseToStart, lines.eraseLine][what]?.call(
        lines
      );
    } else if (final === 'J' && what === 0) {
      lines.eraseBelow();
    } else if (final === 'J' && what === 2) {
      lines.seal();
    }
  }

  private _state: State = 'text';
  private _parameters = '';
  private _style = PLAIN_ID;
}

function isPrinted(code: number): boolean {
  return (code >= SPACE && code !== DELETE) || code === TAB;
}
