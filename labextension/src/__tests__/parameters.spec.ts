import { nullTranslator } from '@jupyterlab/translation';
import { readEntry, readParameters } from '../model/parameters';
import { readLiteral } from '../model/pythonLiteral';

const trans = nullTranslator.load('jupyter_compute');

describe('a Python literal', () => {
  it.each([
    ['1_000', 1000],
    ['-2.5e-3', -0.0025],
    ['.5', 0.5],
    ['True', true],
    ['None', null],
    [`'it\\'s'`, "it's"],
    ['"""two\nlines"""', 'two\nlines'],
    ['[1, 2.0, "x",]', [1, 2, 'x']],
    ['(1, 2)', [1, 2]],
    ['(1)', 1],
    ['()', []],
    ['{"a": {"b": [None]}}', { a: { b: [null] } }],
    ['[  # first\n 1,\n 2]', [1, 2]]
  ])('%s is read as its value', (text, value) => {
    expect(readLiteral(text)).toEqual(value);
  });

  it.each([
    'now()',
    'a + 1',
    '1 + 1',
    '[x]',
    '"a" "b"',
    '{1: 2}',
    '1j',
    '1e999',
    '9007199254740993',
    "f'{x}'",
    '[1',
    "'open",
    ''
  ])('%s is none that JSON can hold', text => {
    expect(readLiteral(text)).toBeUndefined();
  });
});

describe('the parameters of a notebook', () => {
  it('are the assignments at the margin, with type, value and comment', () => {
    const code = [
      'import os  # not this',
      'lr = 0.1  # learning rate',
      'epochs: int = 3; name = "a = b"',
      'layers = [',
      '    1,  # one',
      '    2',
      ']',
      'when = os.environ["NOW"]',
      'if lr > 1:',
      '    hidden = 1',
      'lr == 2',
      'text: str = None'
    ].join('\n');
    expect(
      readParameters(code).map(({ name, type, text }) => [name, type, text])
    ).toEqual([
      ['lr', 'float', '0.1'],
      ['epochs', 'int', '3'],
      ['name', 'str', 'a = b'],
      ['layers', 'json', '[1,2]'],
      ['when', 'any', ''],
      ['text', 'str', 'null']
    ]);
    expect(readParameters(code)[0].help).toBe('learning rate');
    expect(readParameters(code)[4].source).toBe('os.environ["NOW"]');
  });

  it('hold the last value of a name that is assigned twice', () => {
    expect(readParameters('a = 1\na = True')).toMatchObject([
      { name: 'a', type: 'bool', text: 'true' }
    ]);
  });

  it('are none in an empty cell or one without assignments', () => {
    expect(readParameters('')).toEqual([]);
    expect(readParameters('print("a = 1")\n# b = 2')).toEqual([]);
  });
});

describe('what is typed for a parameter', () => {
  it.each([
    ['7', 'int', 7],
    ['-0.5', 'float', -0.5],
    ['TRUE', 'bool', true],
    [' as it is ', 'str', ' as it is '],
    ['{"a": 1}', 'json', { a: 1 }],
    ['True', 'any', true],
    ['[1]', 'any', [1]],
    ['plain', 'any', 'plain']
  ] as const)('%s is read as %s', (text, type, value) => {
    expect(readEntry(text, type, trans)).toEqual({ value });
  });

  it.each([
    ['7.5', 'int'],
    ['', 'int'],
    ['99999999999999999999', 'int'],
    ['much', 'float'],
    ['', 'float'],
    ['yes', 'bool'],
    ['[1', 'json']
  ] as const)('“%s” is refused as %s', (text, type) => {
    expect(readEntry(text, type, trans)).toHaveProperty('problem');
  });
});
