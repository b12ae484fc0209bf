import { LogDocument } from '../model/log/document';
import { PLAIN, TRUE_COLOUR, type IStyle } from '../model/log/styles';

const encoder = new TextEncoder();

function read(...parts: (string | Uint8Array)[]): LogDocument {
  const found = new LogDocument();
  for (const part of parts) {
    found.write(typeof part === 'string' ? encoder.encode(part) : part);
  }
  return found;
}

function textOf(...parts: (string | Uint8Array)[]): string {
  return read(...parts).text.toString();
}

/** Each span as `text: what is not plain about it`. */
function looks(document: LogDocument): string[] {
  const found: string[] = [];
  for (let line = 1; line <= document.text.lines; line++) {
    const { text } = document.text.line(line);
    document.spans.each(line - 1, (from, to, id) => {
      found.push(
        `${text.slice(from, to)}: ${changesOf(document.styles.at(id))}`
      );
    });
  }
  return found;
}

function changesOf(style: IStyle): string {
  return Object.entries(style)
    .filter(([name, value]) => value !== PLAIN[name as keyof IStyle])
    .map(([name, value]) => (value === true ? name : `${name} ${value}`))
    .join(', ');
}

describe('text', () => {
  it('is kept line by line, however lines end', () => {
    expect(textOf('one\ntwo\r\nthree')).toBe('one\ntwo\nthree');
  });

  it('keeps tabs, empty lines and blanks at the end', () => {
    expect(textOf('a\tb  \n\n c')).toBe('a\tb  \n\n c');
  });

  it('takes characters that were cut in two for what they are', () => {
    const [first, ...rest] = encoder.encode('é🚀');
    expect(textOf(new Uint8Array([first]), new Uint8Array(rest))).toBe('é🚀');
  });

  it('shows bytes that are no text as such', () => {
    expect(textOf(new Uint8Array([97, 0xff, 98]))).toBe('a\ufffdb');
  });

  it('leaves out control characters that mean nothing here', () => {
    expect(textOf('a\x07\x00\x7fb')).toBe('ab');
  });
});

describe('a progress bar', () => {
  it('writes over its line', () => {
    expect(textOf('10%\r20%\r100%\n')).toBe('100%\n');
  });

  it('leaves what a shorter text does not reach, as a terminal does', () => {
    expect(textOf('100%\r99')).toBe('990%');
  });

  it('may go back character by character', () => {
    expect(textOf('1/9\b\b\b2/9')).toBe('2/9');
  });

  it('may erase before it writes', () => {
    expect(textOf('a long text\r\x1b[Kshort')).toBe('short');
    expect(textOf('a long text\x1b[2K\rshort')).toBe('short');
    expect(textOf('abcdef\x1b[3D\x1b[1K')).toBe('    ef');
  });

  it('may be one of several, each written to again', () => {
    const bars =
      '\nA 0%\x1b[A\r\n\nB 0%\x1b[A\x1b[A\r\nA 50%\x1b[A\r\n\nB 50%\x1b[A\x1b[A';
    expect(textOf(bars)).toBe('\nA 50%\nB 50%');
  });

  it('may be a table that is drawn anew', () => {
    const drawn = 'one\ntwo\nthree\n';
    expect(textOf(`${drawn}\x1b[3A\x1b[JONE\nTWO\n`)).toBe('ONE\nTWO\n\n');
  });

  it('reaches no further up than a screen', () => {
    const lines = Array.from({ length: 1000 }, (_, at) => `line ${at}\n`);
    const text = textOf(lines.join(''), '\x1b[5000Aagain').split('\n');
    expect(text.indexOf('again0')).toBe(-1);
    expect(text[0]).toBe('line 0');
    expect(text.filter(line => line.startsWith('again'))).toHaveLength(1);
  });

  it('never leaves half a character', () => {
    expect(textOf('🚀🚀\ra')).toBe('a 🚀');
    expect(textOf('🚀🚀\r\x1b[3Ca')).toBe('🚀 a');
  });
});

describe('colours', () => {
  it('are read in all their ways', () => {
    const document = read(
      '\x1b[31mred\x1b[0m \x1b[1;92mgreen\x1b[m \x1b[38;5;208morange\x1b[39m ' +
        '\x1b[38;2;1;2;3mnight\x1b[0m \x1b[48:2::255:0:0mback\x1b[49m'
    );
    expect(document.text.toString()).toBe('red green orange night back');
    expect(looks(document)).toEqual([
      'red: foreground 1',
      'green: foreground 10, isBold',
      `orange: foreground ${TRUE_COLOUR | 0xff8700}`,
      `night: foreground ${TRUE_COLOUR | 0x010203}`,
      `back: background ${TRUE_COLOUR | 0xff0000}`
    ]);
  });

  it('know bold, dim, italic, underlined, struck and inverse, and their ends', () => {
    const document = read(
      '\x1b[1mb\x1b[2md\x1b[22m \x1b[3mi\x1b[23m \x1b[4mu\x1b[24m \x1b[9ms\x1b[29m \x1b[7mv\x1b[27m'
    );
    expect(looks(document)).toEqual([
      'b: isBold',
      'd: isBold, isDim',
      'i: isItalic',
      'u: isUnderlined',
      's: isStruck',
      'v: isInverse'
    ]);
  });

  it('go on in the next line', () => {
    expect(looks(read('\x1b[31mone\ntwo'))).toEqual([
      'one: foreground 1',
      'two: foreground 1'
    ]);
  });

  it('belong to what is written, also over other colours', () => {
    expect(looks(read('\x1b[31mabcdef\r\x1b[2C\x1b[32mXY\r\x1b[0mZ'))).toEqual([
      'b: foreground 1',
      'XY: foreground 2',
      'ef: foreground 1'
    ]);
  });

  it('that make no sense change nothing', () => {
    const odd = '\x1b[38;5mA\x1b[38;2;999;0;0mB\x1b[123mC\x1b[?25lD\x1b[>4;2mE';
    const document = read(odd);
    expect(document.text.toString()).toBe('ABCDE');
    expect(looks(document)).toEqual([]);
  });
});

describe('other escape sequences', () => {
  it('are left out: links, titles, character sets, a cursor that hides', () => {
    const link = '\x1b]8;;https://example.org\x1b\\text\x1b]8;;\x1b\\';
    expect(textOf(`${link}\x1b]0;title\x07\x1b(B\x1b[?25h.`)).toBe('text.');
  });

  it('that never end swallow one line at most', () => {
    expect(textOf('a\x1b]0;title\nb\x1b[12\nc')).toBe('a\nb\nc');
  });

  it('that clear the screen keep the log', () => {
    expect(textOf('before\x1b[H\x1b[2Jafter')).toBe('before\nafter');
  });
});

describe('an attempt', () => {
  it('is set apart by a line that nothing writes over', () => {
    const document = read('\x1b[31mkilled in mid-li');
    document.divide('attempt 2');
    document.write(encoder.encode('\x1b[9Aagain\r\nand on'));
    expect(document.text.toString()).toBe(
      'killed in mid-li\nattempt 2\nagain\nand on'
    );
    expect(looks(document)).toEqual([
      'killed in mid-li: foreground 1',
      'attempt 2: isDivider'
    ]);
  });
});

describe('where the bytes are cut', () => {
  /** A generator of numbers that are the same each time. */
  function randomly(seed: number): (below: number) => number {
    let state = seed;
    return below => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
  }

  const PIECES = [
    ...['word', 'é', '🚀', '漢字', ' ', '\t', '\n', '\r\n', '\r', '\b', '\x1b'],
    ...[
      '\x1b[31m',
      '\x1b[0m',
      '\x1b[1;4m',
      '\x1b[38;2;9;8;7m',
      '\x1b[48;5;20m'
    ],
    ...[
      '\x1b[A',
      '\x1b[2A',
      '\x1b[B',
      '\x1b[3C',
      '\x1b[2D',
      '\x1b[5G',
      '\x1b[K'
    ],
    ...['\x1b[1K', '\x1b[2K', '\x1b[J', '\x1b[2J', '\x1b[F', '\x1b[E', '\x1bM'],
    ...[
      '\x1b]8;;x\x1b\\',
      '\x1b]0;t\x07',
      '\x1b]',
      '\x1b[',
      '\x1b[9',
      '\x07',
      '\x9b'
    ]
  ];

  function written(seed: number): Uint8Array {
    const random = randomly(seed);
    const bytes: number[] = [];
    for (let count = random(60); count >= 0; count--) {
      bytes.push(...encoder.encode(PIECES[random(PIECES.length)]));
      if (random(12) === 0) {
        bytes.push(random(256));
      }
    }
    return new Uint8Array(bytes);
  }

  it('changes nothing, wherever it is', () => {
    for (let seed = 1; seed <= 400; seed++) {
      const bytes = written(seed);
      const whole = read(bytes);
      const random = randomly(seed + 1000);
      const cut = new LogDocument();
      for (let at = 0; at < bytes.length;) {
        const next = at + 1 + random(5);
        cut.write(bytes.subarray(at, next));
        at = next;
      }
      expect(cut.text.toString()).toBe(whole.text.toString());
      expect(looks(cut)).toEqual(looks(whole));
    }
  });

  it('is told right: who knew the text before and takes the new end has all of it', () => {
    for (let seed = 1; seed <= 100; seed++) {
      const document = new LogDocument();
      let known = '';
      document.changed.connect((_, from) => {
        known = known.slice(0, from) + document.text.toString().slice(from);
      });
      for (const byte of written(seed)) {
        document.write(new Uint8Array([byte]));
        expect(known).toBe(document.text.toString());
      }
    }
  });
});
