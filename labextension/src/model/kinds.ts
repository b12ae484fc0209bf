import type { TranslationBundle } from '@jupyterlab/translation';
import type { PartialJSONObject } from '@lumino/coreutils';
import type { IKind } from '../types';

/** What of an option's schema people read. */
const READ = ['title', 'description', 'group'];

/**
 * Say a kind of target, its options and their groups in the reader's language; what another package's kind says stays
 * as it is.
 */
export function translateKind(kind: IKind, bundle: TranslationBundle): IKind {
  return {
    ...kind,
    title: kind.title && bundle._p('kind', kind.title),
    options: translated(kind.options, bundle) as PartialJSONObject
  };
}

function translated(value: unknown, bundle: TranslationBundle): unknown {
  if (Array.isArray(value)) {
    return value.map(one => translated(one, bundle));
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      READ.includes(key) && typeof one === 'string' && one
        ? bundle._p('kind', one)
        : translated(one, bundle)
    ])
  );
}
