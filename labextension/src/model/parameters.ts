import type { PartialJSONValue } from '@lumino/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { formatJson } from './format';
import { readLiteral } from './pythonLiteral';

/** What a parameter takes; `any` takes JSON, and everything else is text. */
export type ParameterType = 'int' | 'float' | 'bool' | 'str' | 'json' | 'any';

/** A name that a notebook's cell tagged `parameters` sets. */
export interface IParameter {
  name: string;
  type: ParameterType;
  /** As it stands in the cell. */
  source: string;
  /** What is filled in: the value as it is typed into a field, or nothing if it is computed. */
  text: string;
  /** The comment beside it. */
  help: string;
}

export type Entry = { value: PartialJSONValue } | { problem: string };

const ASSIGNMENT = /^([\p{L}_][\p{L}\p{N}_]*)\s*(?::([^=]+))?=(?!=)([^]*)$/u;
const ANNOTATED: Record<string, ParameterType> = {
  int: 'int',
  float: 'float',
  bool: 'bool',
  str: 'str'
};

/**
 * List what the cell tagged `parameters` assigns, in its order; of a name that is assigned twice the last value holds.
 */
export function readParameters(code: string): IParameter[] {
  const found = new Map<string, IParameter>();
  for (const { text, comment } of statements(code)) {
    const [, name, annotation, right] = ASSIGNMENT.exec(text) ?? [];
    if (name) {
      const source = right.trim();
      const value = readLiteral(source);
      const type = ANNOTATED[annotation?.trim() ?? ''] ?? typeOf(value, source);
      const written = value === undefined ? '' : asText(value);
      found.set(name, { name, type, source, text: written, help: comment });
    }
  }
  return [...found.values()];
}

/**
 * Turn what was typed for a parameter into its value.
 */
export function readEntry(
  text: string,
  type: ParameterType,
  trans: TranslationBundle
): Entry {
  const word = text.trim();
  switch (type) {
    case 'str':
      return { value: text };
    case 'bool':
      return /^(true|false)$/i.test(word)
        ? { value: word.toLowerCase() === 'true' }
        : { problem: trans.__('“%1” is neither true nor false.', text) };
    case 'int':
      return readInteger(word, trans);
    case 'float':
      return word && Number.isFinite(Number(word))
        ? { value: Number(word) }
        : { problem: trans.__('“%1” is not a number.', text) };
    case 'json':
      return readJson(word, trans);
    case 'any':
      return readAny(text);
  }
}

/** The value as people type it. */
export function asText(value: PartialJSONValue): string {
  return formatJson(value);
}

/** JSON or a Python constant, else the text itself: as the command line has it. */
function readAny(text: string): Entry {
  const constant = { True: true, False: false, None: null }[text.trim()];
  if (constant !== undefined) {
    return { value: constant };
  }
  try {
    return { value: JSON.parse(text) as PartialJSONValue };
  } catch {
    return { value: text };
  }
}

function readInteger(word: string, trans: TranslationBundle): Entry {
  if (!/^[+-]?\d+$/.test(word)) {
    return { problem: trans.__('“%1” is not a whole number.', word) };
  }
  const value = Number(word);
  return Number.isSafeInteger(value)
    ? { value }
    : { problem: trans.__('%1 is too large for a form.', word) };
}

function readJson(word: string, trans: TranslationBundle): Entry {
  try {
    return { value: JSON.parse(word) as PartialJSONValue };
  } catch {
    return {
      problem: trans.__(
        'This is not JSON: a list reads like [1, 2], a mapping like {"a": 1}.'
      )
    };
  }
}

function typeOf(
  value: PartialJSONValue | undefined,
  source: string
): ParameterType {
  switch (typeof value) {
    case 'number':
      return /^[+-]?[\d_]+$/.test(source) ? 'int' : 'float';
    case 'boolean':
      return 'bool';
    case 'string':
      return 'str';
    default:
      return value ? 'json' : 'any';
  }
}

interface IStatement {
  text: string;
  comment: string;
}

/** Anything that hides brackets, quotes and hashes within it. */
const TOKEN =
  /"""[^]*?"""|'''[^]*?'''|"(?:\\[^]|[^"\\\n])*"|'(?:\\[^]|[^'\\\n])*'|#[^\n]*|\\\n|[^]/g;

/** Split code into its statements at the margin; what is indented belongs to others. */
function statements(code: string): IStatement[] {
  const found: IStatement[] = [];
  let text = '';
  let comment = '';
  let depth = 0;
  // What follows a semicolon may have a gap before it and stands at the margin all the same.
  let isFirst = true;
  const finish = () => {
    if (text && !/^\s/.test(text)) {
      found.push({ text: text.trim(), comment });
    }
    text = comment = '';
  };
  for (const [token] of code.matchAll(TOKEN)) {
    if (token.startsWith('#')) {
      comment = depth > 0 ? comment : token.replace(/^#+\s*/, '').trim();
      continue;
    }
    depth += Number('[({'.includes(token)) - Number('])}'.includes(token));
    if ((token === '\n' || token === ';') && depth <= 0) {
      finish();
      isFirst = token === '\n';
    } else if (text || isFirst || token.trim()) {
      text += token;
    }
  }
  finish();
  return found;
}
