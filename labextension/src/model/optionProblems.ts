import type { TranslationBundle } from '@jupyterlab/translation';
import type { PartialJSONObject } from '@lumino/coreutils';
import type { RJSFSchema, RJSFValidationError } from '@rjsf/utils';
import validator from '@rjsf/validator-ajv8';
import type { IOptionForm } from './optionForm';

/** Option → what is wrong with it. */
export type Problems = Record<string, string>;

export { validator };

/**
 * Find what is wrong with options before the server is asked.
 */
export function findProblems(
  form: IOptionForm,
  data: PartialJSONObject,
  kept: ReadonlySet<string>,
  trans: TranslationBundle
): Problems {
  const given = Object.fromEntries(
    Object.entries(data).filter(
      ([, value]) => value !== undefined && value !== ''
    )
  );
  const { errors } = validator.validateFormData(
    given,
    form.schema as RJSFSchema
  );
  const problems: Problems = {};
  for (const error of errors) {
    const name = /^\.?([^.[]+)/.exec(error.property ?? '')?.[1] ?? '';
    const isKept = kept.has(name) && data[name] === undefined;
    if (name && !isKept && !(name in problems)) {
      problems[name] = partWords(error, name, given[name], trans);
    }
  }
  return problems;
}

/** What is wrong may be a part of the value only: an item, or a pair of a name and a value. */
function partWords(
  error: RJSFValidationError,
  name: string,
  value: unknown,
  trans: TranslationBundle
): string {
  const part = error.property?.replace(/^\./, '').slice(name.length + 1) ?? '';
  if (part === '' || typeof value !== 'object' || value === null) {
    return words(error, value, trans);
  }
  const found = (value as Record<string, unknown>)[part];
  return found === null
    ? trans.__('It takes NAME=value on each line, not “%1”.', part)
    : words(error, found, trans);
}

function words(
  { name, params, message }: RJSFValidationError,
  value: unknown,
  trans: TranslationBundle
): string {
  switch (name) {
    case 'required':
      return trans.__('This is required.');
    case 'type':
      return typeWords(params.type, value, trans);
    case 'minimum':
      return trans.__('It is at least %1.', params.limit);
    case 'maximum':
      return trans.__('It is at most %1.', params.limit);
    case 'exclusiveMinimum':
      return trans.__('It is more than %1.', params.limit);
    case 'exclusiveMaximum':
      return trans.__('It is less than %1.', params.limit);
    case 'minLength':
      return trans._n(
        'It has at least %1 character.',
        'It has at least %1 characters.',
        params.limit
      );
    case 'maxLength':
      return trans._n(
        'It has at most %1 character.',
        'It has at most %1 characters.',
        params.limit
      );
    case 'pattern':
      return trans.__('“%1” does not match %2.', value, params.pattern);
    case 'enum':
      return trans.__('It is one of: %1.', params.allowedValues.join(', '));
    default:
      return message ?? '';
  }
}

function typeWords(
  type: unknown,
  value: unknown,
  trans: TranslationBundle
): string {
  if (type === 'integer') {
    return trans.__('It takes a whole number, not “%1”.', value);
  }
  if (type === 'number') {
    return trans.__('It takes a number, not “%1”.', value);
  }
  return trans.__('It takes another sort of value than “%1”.', value);
}
