import type { PartialJSONValue } from '@lumino/coreutils';

const NUMBER =
  /^[+-]?(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?$/;
const WORDS: Record<string, PartialJSONValue> = {
  True: true,
  False: false,
  None: null
};
const ESCAPES: Record<string, string> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': ''
};
const CLOSING: Record<string, string> = { '[': ']', '(': ')', '{': '}' };

/**
 * Read a Python literal that JSON can hold: numbers, text, `True`, `None`, and lists, tuples and dicts of these.
 *
 * @returns `undefined` for anything else, such as a call.
 */
export function readLiteral(text: string): PartialJSONValue | undefined {
  const reader = new LiteralReader(text.trim());
  try {
    const value = reader.value();
    reader.end();
    return value;
  } catch (thrown) {
    if (thrown instanceof NoLiteralError) {
      return undefined;
    }
    throw thrown;
  }
}

class NoLiteralError extends Error {}

class LiteralReader {
  constructor(private readonly _text: string) {}

  value(): PartialJSONValue {
    this._skip();
    const next = this._text[this._at] ?? '';
    if (next === '{') {
      return this._mapping();
    }
    if (next === '[' || next === '(') {
      return this._sequence(next);
    }
    return next === '"' || next === "'" ? this._string(next) : this._word();
  }

  end(): void {
    this._skip();
    if (this._at < this._text.length) {
      throw new NoLiteralError();
    }
  }

  private _sequence(open: string): PartialJSONValue {
    const items: PartialJSONValue[] = [];
    let hasComma = false;
    this._at++;
    while (!this._takes(CLOSING[open])) {
      items.push(this.value());
      const isMore = this._takes(',');
      hasComma ||= isMore;
      if (!isMore) {
        this._expect(CLOSING[open]);
        break;
      }
    }
    // Round brackets without a comma only group.
    return open === '(' && items.length === 1 && !hasComma ? items[0] : items;
  }

  private _mapping(): PartialJSONValue {
    const found: Record<string, PartialJSONValue> = {};
    this._at++;
    while (!this._takes('}')) {
      const key = this.value();
      if (typeof key !== 'string') {
        throw new NoLiteralError();
      }
      this._expect(':');
      found[key] = this.value();
      if (!this._takes(',')) {
        this._expect('}');
        break;
      }
    }
    return found;
  }

  private _string(quote: string): string {
    const isLong = this._text.startsWith(quote.repeat(3), this._at);
    const end = isLong ? quote.repeat(3) : quote;
    this._at += end.length;
    let text = '';
    while (!this._text.startsWith(end, this._at)) {
      const char = this._text[this._at++];
      if (char === undefined || (char === '\n' && !isLong)) {
        throw new NoLiteralError();
      }
      text += char === '\\' ? this._escape() : char;
    }
    this._at += end.length;
    return text;
  }

  private _escape(): string {
    const plain = ESCAPES[this._text[this._at] ?? ''];
    if (plain === undefined) {
      throw new NoLiteralError();
    }
    this._at++;
    return plain;
  }

  private _word(): PartialJSONValue {
    const word = /^[\w.+-]*/.exec(this._text.slice(this._at))?.[0] ?? '';
    this._at += word.length;
    if (word in WORDS) {
      return WORDS[word];
    }
    const number = Number(word.replaceAll('_', ''));
    if (!NUMBER.test(word) || !Number.isFinite(number)) {
      throw new NoLiteralError();
    }
    if (Number.isInteger(number) && !Number.isSafeInteger(number)) {
      // JSON would carry another number than the one that was written.
      throw new NoLiteralError();
    }
    return number;
  }

  private _takes(char: string): boolean {
    this._skip();
    if (this._text[this._at] === char) {
      this._at++;
      return true;
    }
    return false;
  }

  private _expect(char: string): void {
    if (!this._takes(char)) {
      throw new NoLiteralError();
    }
  }

  private _skip(): void {
    const gap = /^(?:\s|#[^\n]*|\\\n)*/.exec(this._text.slice(this._at));
    this._at += gap?.[0].length ?? 0;
  }

  private _at = 0;
}
