import {
  readCount,
  readGigabytes,
  readMinutes,
  readPositive,
  readWords
} from '../model/amounts';

describe('a time limit', () => {
  it.each([
    ['90', 90],
    ['2h', 120],
    ['30m', 30],
    ['30min', 30],
    ['1h30m', 90],
    ['1 h 30 m', 90],
    ['45s', 0.75],
    ['1d', 1440],
    ['2:00:00', 120],
    ['1:30', 90]
  ])('%s is %d minutes', (text, minutes) => {
    expect(readMinutes(text)).toBe(minutes);
  });

  it.each(['', 'soon', '2 parsecs', '0', '-1', '1:99', '3w'])(
    '“%s” is none',
    text => {
      expect(readMinutes(text)).toBeNull();
    }
  );
});

describe('an amount', () => {
  it('of memory has a unit or means gigabytes', () => {
    expect(readGigabytes('4')).toBe(4);
    expect(readGigabytes('16 GB')).toBe(16);
    expect(readGigabytes('500MiB')).toBeCloseTo(0.5);
    expect(readGigabytes('1t')).toBe(1000);
    expect(readGigabytes('much')).toBeNull();
    expect(readGigabytes('0')).toBeNull();
  });

  it('of other things is a number', () => {
    expect(readPositive('0.5')).toBe(0.5);
    expect(readPositive('Infinity')).toBeNull();
    expect(readPositive(' ')).toBeNull();
    expect(readCount('0', 0)).toBe(0);
    expect(readCount('0', 1)).toBeNull();
    expect(readCount('1.5', 1)).toBeNull();
  });
});

describe('arguments', () => {
  it.each([
    ['', []],
    ['--lr 0.1', ['--lr', '0.1']],
    [`a 'b c' "d \\"e\\""`, ['a', 'b c', 'd "e"']],
    ["--x=''", ['--x=']],
    ["''", ['']],
    ['a\\ b', ['a b']]
  ])('%s are split as a shell splits them', (text, words) => {
    expect(readWords(text)).toEqual(words);
  });

  it.each(['"open', "it's", 'end\\'])('%s has something open', text => {
    expect(readWords(text)).toBeNull();
  });
});
