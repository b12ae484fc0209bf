import { Text } from '@codemirror/state';
import {
  matchesIn,
  MatchCount,
  MOST_COUNTED,
  patternOf,
  seek,
  type IMatch
} from '../model/log/search';

const LINES = ['Error: one', '', 'all is well', 'error: two, Error: three', ''];
const text = Text.of(LINES);

function pattern(
  sought: string,
  { isCaseSensitive = false, isRegExp = false } = {}
): RegExp {
  const found = patternOf({ text: sought, isCaseSensitive, isRegExp });
  if (!found) {
    throw new Error(`nothing to look for in ${sought}`);
  }
  return found;
}

function sought(at: number, isForward: boolean, what = pattern('error')) {
  const steps = seek(text, what, at, isForward);
  for (;;) {
    const { done, value } = steps.next();
    if (done) {
      return value && shown(value);
    }
  }
}

function shown({ from, to }: IMatch): string {
  return `${from}: ${text.sliceString(from, to)}`;
}

describe('what is looked for', () => {
  it('is text, unless it is said to be a regular expression', () => {
    expect(matchesIn('a.b axb', pattern('a.b'))).toHaveLength(1);
    const wild = pattern('a.b', { isRegExp: true });
    expect(matchesIn('a.b axb', wild)).toHaveLength(2);
  });

  it('is found in upper and lower case, unless case matters', () => {
    expect(matchesIn('Error error', pattern('error'))).toHaveLength(2);
    const exact = pattern('error', { isCaseSensitive: true });
    expect(matchesIn('Error error', exact)).toEqual([{ from: 6, to: 11 }]);
  });

  it('may be nothing, or not to be understood', () => {
    const query = { isCaseSensitive: false, isRegExp: true };
    expect(patternOf({ ...query, text: '' })).toBeNull();
    expect(patternOf({ ...query, text: '(' })).toBeNull();
  });

  it('is never found where it is empty', () => {
    expect(matchesIn('abc', pattern('x*', { isRegExp: true }))).toEqual([]);
  });
});

describe('a search', () => {
  it('steps forward from a place, and from the end to the beginning', () => {
    expect(sought(0, true)).toBe('0: Error');
    expect(sought(1, true)).toBe('24: error');
    expect(sought(25, true)).toBe('36: Error');
    expect(sought(37, true)).toBe('0: Error');
  });

  it('steps back from a place, and from the beginning to the end', () => {
    expect(sought(text.length, false)).toBe('36: Error');
    expect(sought(36, false)).toBe('24: error');
    expect(sought(24, false)).toBe('0: Error');
    expect(sought(0, false)).toBe('36: Error');
  });

  it('finds the only match again', () => {
    const only = pattern('well');
    expect(sought(20, true, only)).toBe('19: well');
    expect(sought(19, false, only)).toBe('19: well');
  });

  it('ends when there is nothing', () => {
    expect(sought(3, true, pattern('nowhere'))).toBeNull();
    expect(sought(3, false, pattern('nowhere'))).toBeNull();
  });
});

describe('the number of matches', () => {
  function counted(count: MatchCount, of: Text): number {
    for (let rounds = 0; !count.isWhole && !count.isFull; rounds++) {
      count.work(of, 0);
      expect(rounds).toBeLessThan(1000);
    }
    return count.total;
  }

  it('is counted little by little, and says which match one is at', () => {
    const many = Text.of(Array.from({ length: 2000 }, (_, at) => `line ${at}`));
    const count = new MatchCount(pattern('line 1'));
    count.work(many, 0);
    expect(count.isWhole).toBe(false);
    expect(counted(count, many)).toBe(1111);
    expect(count.placeOf(many.line(2).from)).toBe(1);
    expect(count.placeOf(many.line(11).from)).toBe(2);
    expect(count.placeOf(many.line(1).from)).toBe(0);
  });

  it('goes on as the text grows, also within a line', () => {
    const count = new MatchCount(pattern('error'));
    const begun = Text.of(['an error', 'another er']);
    expect(counted(count, begun)).toBe(1);
    const grown = begun.append(Text.of(['ror', 'error']));
    count.forget(grown, begun.length);
    expect(count.isWhole).toBe(false);
    expect(counted(count, grown)).toBe(3);
    const rewritten = Text.of(['an error', 'fine']);
    count.forget(rewritten, 9);
    expect(counted(count, rewritten)).toBe(1);
  });

  it('has an end', () => {
    const line = 'e'.repeat(1000);
    const many = Text.of(Array.from({ length: 1024 }, () => line));
    const count = new MatchCount(pattern('e'));
    counted(count, many);
    expect(count.isFull).toBe(true);
    expect(count.total).toBeLessThan(MOST_COUNTED * 4);
  });
});
