import type { PartialJSONObject, PartialJSONValue } from '@lumino/coreutils';

/** What stands for a secret that is set. */
export const MASK = '••••••••';

/** How an option is asked for. */
export type OptionInput =
  | 'text'
  | 'number'
  | 'choice'
  | 'switch'
  | 'secret'
  | 'path'
  | 'textarea'
  | 'lines'
  | 'pairs'
  | 'other';

export interface IOption {
  name: string;
  title: string;
  description: string;
  /** The group it stands in; empty for the first one. */
  group: string;
  input: OptionInput;
  isRequired: boolean;
  /** What holds when nothing is given; `undefined` when that is nothing. */
  default: PartialJSONValue | undefined;
  /** Its JSON Schema, made plain: no alternatives with `null`, and a default only where it is shown as chosen. */
  schema: PartialJSONObject;
}

/** A kind's options, as a form asks for them. */
export interface IOptionForm {
  options: IOption[];
  /** In the order of their first options. */
  groups: string[];
  schema: PartialJSONObject;
}

/**
 * Read the JSON Schema of a kind's options.
 */
export function readForm(kind: PartialJSONObject): IOptionForm {
  const required = new Set((kind.required as string[] | undefined) ?? []);
  const options = Object.entries(objectIn(kind, 'properties')).map(
    ([name, field]) =>
      readOption(name, field as PartialJSONObject, required.has(name))
  );
  const groups = [...new Set(options.map(option => option.group))];
  const schema: PartialJSONObject = {
    type: 'object',
    properties: Object.fromEntries(
      options.map(option => [option.name, option.schema])
    ),
    required: [...required],
    additionalProperties: false
  };
  if (kind.$defs) {
    schema.$defs = kind.$defs;
  }
  return { options, groups, schema };
}

/**
 * Return what a form begins with: the options that are set, without secrets, which are not known.
 */
export function startData(
  { options }: IOptionForm,
  set: PartialJSONObject
): PartialJSONObject {
  const data: PartialJSONObject = {};
  for (const { name, input, default: usual } of options) {
    const value = set[name];
    if (value !== undefined && value !== MASK) {
      data[name] = value;
    } else if (isShownAsChosen(input) && usual !== undefined) {
      data[name] = usual;
    }
  }
  return data;
}

/**
 * Return the secrets that are set.
 */
export function keptSecrets(
  { options }: IOptionForm,
  set: PartialJSONObject
): Set<string> {
  const names = options.map(option => option.name);
  return new Set(names.filter(name => set[name] === MASK));
}

/**
 * Return the options to ask for: only what differs from what holds anyhow. A secret that is set stays as it is unless it was
 * changed.
 */
export function askedOptions(
  { options }: IOptionForm,
  data: PartialJSONObject,
  kept: ReadonlySet<string> = new Set()
): PartialJSONObject {
  const asked: PartialJSONObject = {};
  for (const option of options) {
    const { name } = option;
    const value = data[name];
    if (value === undefined && kept.has(name)) {
      asked[name] = MASK;
    } else if (isGiven(option, data)) {
      asked[name] = value;
    }
  }
  return asked;
}

/**
 * Return whether an option is other than it is when nothing is said of it.
 */
export function isGiven(
  { name, default: usual }: IOption,
  data: PartialJSONObject
): boolean {
  const value = data[name];
  return !isNothing(value) && !isEqual(value, usual);
}

/**
 * Return what changes a target's options into others: what is taken back is `null`.
 */
export function changedOptions(
  before: PartialJSONObject,
  asked: PartialJSONObject
): PartialJSONObject {
  const back = Object.keys(before).filter(name => !(name in asked));
  return { ...Object.fromEntries(back.map(name => [name, null])), ...asked };
}

function readOption(
  name: string,
  field: PartialJSONObject,
  isRequired: boolean
): IOption {
  const { group, ...plain } = withoutNull(field);
  const input = inputOf(plain);
  const usual = isNothing(plain.default) ? undefined : plain.default;
  const schema = { ...plain };
  delete schema.format;
  delete schema.default;
  if (isShownAsChosen(input) && usual !== undefined) {
    schema.default = usual;
  }
  return {
    name,
    title: textIn(plain, 'title') || name,
    description: textIn(plain, 'description'),
    group: typeof group === 'string' ? group : '',
    input,
    isRequired,
    default: usual,
    schema
  };
}

/** A choice or a switch cannot be empty, so it shows its default; other fields name it beside them. */
function isShownAsChosen(input: OptionInput): boolean {
  return input === 'choice' || input === 'switch';
}

function inputOf(field: PartialJSONObject): OptionInput {
  if (field.enum) {
    return 'choice';
  }
  if (field.writeOnly || field.format === 'password') {
    return 'secret';
  }
  switch (field.type) {
    case 'boolean':
      return 'switch';
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return isPlain(objectIn(field, 'items')) ? 'lines' : 'other';
    case 'object':
      return isPlain(objectIn(field, 'additionalProperties'))
        ? 'pairs'
        : 'other';
    case 'string':
      return field.format === 'path' || field.format === 'textarea'
        ? field.format
        : 'text';
    default:
      return 'other';
  }
}

function isPlain({ type, enum: choices }: PartialJSONObject): boolean {
  const plain = ['string', 'integer', 'number'];
  return typeof type === 'string' && plain.includes(type) && !choices;
}

/** "A number or nothing" is a number that may be left empty. */
function withoutNull(field: PartialJSONObject): PartialJSONObject {
  const { anyOf, ...rest } = field;
  if (Array.isArray(anyOf)) {
    const real = (anyOf as PartialJSONObject[]).filter(
      one => one.type !== 'null'
    );
    return real.length === 1 ? withoutNull({ ...real[0], ...rest }) : field;
  }
  const plain = { ...field };
  if (Array.isArray(field.type)) {
    const types = field.type.filter(type => type !== 'null');
    plain.type = types.length === 1 ? types[0] : types;
  }
  if (Array.isArray(field.enum)) {
    plain.enum = field.enum.filter(choice => choice !== null);
  }
  return plain;
}

function isNothing(value: unknown): boolean {
  const isEmpty =
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).length === 0;
  return value === undefined || value === null || value === '' || isEmpty;
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function objectIn(field: PartialJSONObject, name: string): PartialJSONObject {
  const value = field[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as PartialJSONObject)
    : {};
}

function textIn(field: PartialJSONObject, name: string): string {
  const value = field[name];
  return typeof value === 'string' ? value : '';
}
