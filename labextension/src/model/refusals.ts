import type { TranslationBundle } from '@jupyterlab/translation';
import type { IError } from '../types';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

/** What the server said, laid beside the options it is about. */
export interface IRefusal {
  /** Option → what is wrong with it. */
  options: Record<string, string>;
  /** What is about no option that the form has. */
  rest: IError | null;
  /** The target that has the name or the place, and could give way. */
  rival: string;
}

/**
 * Take apart what the server said of a form. It names options in quotes, and puts a semicolon between them.
 */
export function refusalOf(
  error: IError,
  status: number,
  names: readonly string[]
): IRefusal {
  const options: Record<string, string> = {};
  const rest: string[] = [];
  if (status === 400) {
    const parts = error.message.split(/; (?=(?:there is no )?option ')/);
    for (const part of parts) {
      const name = /option '([^']+)'/.exec(part)?.[1]?.replace(/-/g, '_');
      if (name && names.includes(name)) {
        options[name] = part;
      } else {
        rest.push(part);
      }
    }
  } else {
    rest.push(error.message);
  }
  const rival =
    status === 409
      ? /(?:attached as|target named) '([^']+)'/.exec(error.message)?.[1]
      : undefined;
  return {
    options,
    rest:
      rest.length > 0
        ? { error: error.error, message: rest.join('; '), hint: error.hint }
        : null,
    rival: rival && rival !== 'local' ? rival : ''
  };
}

/**
 * Say why a new target cannot have a name; empty when it can.
 */
export function nameProblem(
  name: string,
  used: readonly string[],
  trans: TranslationBundle
): string {
  if (!name) {
    return trans.__('Give it a name: you run things there by it.');
  }
  if (name.length > 63) {
    return trans.__('It has at most 63 characters.');
  }
  if (!/^[A-Za-z0-9]/.test(name)) {
    return trans.__('It begins with a letter or a digit.');
  }
  if (!NAME.test(name)) {
    return trans.__('Only letters, digits, “.”, “-” and “_”.');
  }
  if (used.includes(name)) {
    return trans.__('There is a target named %1 already.', name);
  }
  return '';
}
