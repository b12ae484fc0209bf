/**
 * Say what people read in a schema in their language, at any depth; all else stays as it is.
 *
 * @param value - The schema, or a part of it.
 * @param read - The names of what people read.
 * @param say - Says a text in the reader's language.
 */
export function translated(
  value: unknown,
  read: readonly string[],
  say: (text: string) => string
): unknown {
  if (Array.isArray(value)) {
    return value.map(one => translated(one, read, say));
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      read.includes(key) && typeof one === 'string' && one
        ? say(one)
        : translated(one, read, say)
    ])
  );
}
