import type { TranslationBundle } from '@jupyterlab/translation';
import type { PartialJSONObject } from '@lumino/coreutils';
import type { IKind } from '../types';
import { translated } from './translated';

/** What of an option's schema people read. */
const READ = ['title', 'description', 'group'];

/**
 * Say a kind of target, its options and their groups in the reader's language; what another package's kind says stays
 * as it is.
 */
export function translateKind(kind: IKind, bundle: TranslationBundle): IKind {
  const say = (text: string): string => bundle._p('kind', text);
  return {
    ...kind,
    title: kind.title && say(kind.title),
    options: translated(kind.options, READ, say) as PartialJSONObject
  };
}
