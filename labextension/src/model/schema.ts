import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { TranslationBundle } from '@jupyterlab/translation';
import { translated } from './translated';

/** What of a schema people read. */
const READ = ['title', 'description'];

/**
 * Translate what people read in a plugin's schema; the contexts are those that JupyterLab gives to schemas.
 */
export function translateSchema(
  schema: ISettingRegistry.ISchema,
  bundle: TranslationBundle
): ISettingRegistry.ISchema {
  const { properties, title, description } = schema;
  const say = (text: string): string => bundle._p('settings', text);
  return {
    ...schema,
    title: title && bundle._p('schema', title),
    description: description && bundle._p('schema', description),
    properties: translated(properties, READ, say) as typeof properties
  };
}
