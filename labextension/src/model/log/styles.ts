/**
 * How text looks: what SGR escape sequences say, each look known by a number.
 */

/** One of the 16 colours of a terminal, or `TRUE_COLOUR` and red, green and blue in a byte each. */
export type Colour = number;

export const TRUE_COLOUR = 0x1000000;

export interface IStyle {
  readonly foreground: Colour | null;
  readonly background: Colour | null;
  readonly isBold: boolean;
  readonly isDim: boolean;
  readonly isItalic: boolean;
  readonly isUnderlined: boolean;
  readonly isStruck: boolean;
  readonly isInverse: boolean;
  /** Ours, not the run's: a line that says where an attempt begins. */
  readonly isDivider: boolean;
}

export const PLAIN: IStyle = {
  foreground: null,
  background: null,
  isBold: false,
  isDim: false,
  isItalic: false,
  isUnderlined: false,
  isStruck: false,
  isInverse: false,
  isDivider: false
};

/** The number of the plain look. */
export const PLAIN_ID = 0;

/** A picture in colours has no end of them. */
const MOST_CHANGES = 10_000;

/**
 * Gives each look a number, so that a span of text is three numbers.
 */
export class Styles {
  /** The look that a number stands for. */
  at(id: number): IStyle {
    return this._all[id] ?? PLAIN;
  }

  idOf(style: IStyle): number {
    const key = Object.values(style).join();
    let id = this._ids.get(key);
    if (id === undefined) {
      id = this._all.push(style) - 1;
      this._ids.set(key, id);
    }
    return id;
  }

  /** The number of the look after `ESC [ … m`; most logs say the same few things over and over. */
  after(id: number, parameters: string): number {
    const key = `${id} ${parameters}`;
    let next = this._changes.get(key);
    if (next === undefined) {
      if (this._changes.size > MOST_CHANGES) {
        this._changes.clear();
      }
      next = this.idOf(applySgr(this.at(id), parameters));
      this._changes.set(key, next);
    }
    return next;
  }

  private _all: IStyle[] = [PLAIN];
  private _ids = new Map([[Object.values(PLAIN).join(), PLAIN_ID]]);
  private _changes = new Map<string, number>();
}

const CHANGES: Record<number, Partial<IStyle>> = {
  0: PLAIN,
  1: { isBold: true },
  2: { isDim: true },
  3: { isItalic: true },
  4: { isUnderlined: true },
  7: { isInverse: true },
  9: { isStruck: true },
  21: { isUnderlined: true },
  22: { isBold: false, isDim: false },
  23: { isItalic: false },
  24: { isUnderlined: false },
  27: { isInverse: false },
  29: { isStruck: false },
  39: { foreground: null },
  49: { background: null }
};

/**
 * Return the look after `ESC [ … m`; what is not known changes nothing.
 */
export function applySgr(style: IStyle, parameters: string): IStyle {
  const groups = parameters.split(';').map(group => group.split(':'));
  let found = style;
  while (groups.length > 0) {
    const group = groups.shift() ?? [];
    const code = Number(group[0]);
    if (code === 38 || code === 48 || code === 58) {
      const colour =
        group.length > 1 ? colourIn(group.slice(1)) : colourAhead(groups);
      if (colour !== null && code !== 58) {
        const where = code === 38 ? 'foreground' : 'background';
        found = { ...found, [where]: colour };
      }
    } else if (code === 4 && group[1] === '0') {
      found = { ...found, isUnderlined: false };
    } else {
      found = { ...found, ...(CHANGES[code] ?? paletteChange(code)) };
    }
  }
  return found;
}

function paletteChange(code: number): Partial<IStyle> {
  const ten = Math.floor(code / 10);
  const colour = code % 10;
  if (colour > 7) {
    return {};
  }
  switch (ten) {
    case 3:
      return { foreground: colour };
    case 4:
      return { background: colour };
    case 9:
      return { foreground: colour + 8 };
    case 10:
      return { background: colour + 8 };
    default:
      return {};
  }
}

/** The form with semicolons takes its numbers from the groups that follow. */
function colourAhead(groups: string[][]): Colour | null {
  const sort = groups.shift()?.[0] ?? '';
  const count = sort === '5' ? 1 : sort === '2' ? 3 : 0;
  const numbers = groups.splice(0, count).map(group => group[0] ?? '');
  return colourOf(sort, numbers);
}

/** The form with colons may name a colour space before red. */
function colourIn([sort = '', ...numbers]: string[]): Colour | null {
  return colourOf(sort, sort === '2' ? numbers.slice(-3) : numbers);
}

function colourOf(sort: string, parts: string[]): Colour | null {
  const numbers = parts.map(Number);
  const isValid = numbers.every(one => one >= 0 && one <= 255);
  if (sort === '5' && numbers.length >= 1 && isValid) {
    return indexed(numbers[0]);
  }
  if (sort === '2' && numbers.length === 3 && isValid) {
    return rgb(numbers[0], numbers[1], numbers[2]);
  }
  return null;
}

/** 16 colours, a cube of 6 × 6 × 6, and 24 greys. */
function indexed(index: number): Colour {
  if (index < 16) {
    return index;
  }
  if (index >= 232) {
    const grey = 8 + (index - 232) * 10;
    return rgb(grey, grey, grey);
  }
  const cube = index - 16;
  return rgb(
    level(Math.floor(cube / 36)),
    level(Math.floor(cube / 6) % 6),
    level(cube % 6)
  );
}

function level(step: number): number {
  return step === 0 ? 0 : 55 + step * 40;
}

function rgb(red: number, green: number, blue: number): Colour {
  return TRUE_COLOUR | (red << 16) | (green << 8) | blue;
}
