import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { TranslationBundle } from '@jupyterlab/translation';

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
  return {
    ...schema,
    title: title && bundle._p('schema', title),
    description: description && bundle._p('schema', description),
    properties: translated(properties, bundle) as typeof properties
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
      READ.includes(key) && typeof one === 'string'
        ? bundle._p('settings', one)
        : translated(one, bundle)
    ])
  );
}
