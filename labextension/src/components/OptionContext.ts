import type { TranslationBundle } from '@jupyterlab/translation';
import type { PartialJSONObject } from '@lumino/coreutils';
import type { IOption } from '../model/optionForm';

/** What the parts of the form of options share, beside what the form tells each. */
export interface IOptionContext {
  /** The beginning of all ids, so that two forms do not share one. */
  prefix: string;
  options: ReadonlyMap<string, IOption>;
  groups: readonly string[];
  /** What has been given so far. */
  data: PartialJSONObject;
  problems: Readonly<Record<string, string>>;
  /** The secrets that are set and not shown. */
  kept: ReadonlySet<string>;
  trans: TranslationBundle;
  /** Lets somebody choose a file or folder; `null` where that cannot be. */
  onBrowse: ((path: string) => Promise<string | null>) | null;
}

/**
 * Return the option that an id belongs to; the id of a part of an option belongs to none.
 */
export function optionOf(
  id: string,
  { prefix, options }: IOptionContext
): IOption | undefined {
  return options.get(id.slice(prefix.length + 1));
}

/**
 * Return what is wrong with the option that an id belongs to.
 */
export function problemOf(id: string, context: IOptionContext): string {
  return context.problems[optionOf(id, context)?.name ?? ''] ?? '';
}

/** The attributes of an input that tie it to its description and to what is wrong with it. */
export function toldBy(
  id: string,
  context: IOptionContext
): { 'aria-describedby': string; 'aria-invalid': boolean } {
  return {
    'aria-describedby': `${id}__description ${id}__problem`,
    'aria-invalid': problemOf(id, context) !== ''
  };
}
