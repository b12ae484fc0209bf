import {
  formatBytes,
  formatDuration,
  formatJson,
  formatTime,
  formatValue
} from '../model/format';

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [99_940, '99.9 kB'],
  [123_456, '123 kB'],
  [999_600, '1.0 MB'],
  [314_572_800, '315 MB'],
  [5.2e15, '5200 TB']
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it.each([
  [-1, '0.0 s'],
  [0.44, '0.4 s'],
  [9.96, '10 s'],
  [59.6, '1 min 00 s'],
  [185, '3 min 05 s'],
  [7620, '2 h 07 min'],
  [273_600, '3 d 4 h']
])('%d seconds are %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

it.each([
  ['nan', 'nan'],
  [3, '3'],
  [0.123456, '0.1235'],
  [1.5e-7, '1.5e-7'],
  [12_345_678, '12345678']
])('the value %s is shown as %s', (value, text) => {
  expect(formatValue(value)).toBe(text);
});

it('a moment of today has a time, an older one a date', () => {
  const now = new Date(2026, 4, 6, 12);
  const today = new Date(2026, 4, 6, 9, 5).getTime() / 1000;
  expect(formatTime(today, 'en-GB', now)).toBe('09:05');
  expect(formatTime(today - 86_400, 'en-GB', now)).toBe('5 May');
  expect(formatTime(today - 400 * 86_400, 'en-GB', now)).toBe('1 Apr 2025');
});

it('text stands as it is, everything else as JSON', () => {
  expect(formatJson('a "b"')).toBe('a "b"');
  expect(formatJson([1, null])).toBe('[1,null]');
  expect(formatJson(undefined)).toBe('');
});
