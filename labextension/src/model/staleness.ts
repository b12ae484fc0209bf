/**
 * Whether a cell is not what its run runs any more.
 *
 * @param source - The cell as it stands.
 * @param code - What the run runs; with `%%submit` the cell without that line, or with a comment in its place.
 */
export function isStale(source: string, code: string): boolean {
  const [first, ...rest] = source.split('\n');
  if (!first.trimStart().startsWith('%%submit')) {
    return source.trimEnd() !== code.trimEnd();
  }
  const body = rest.join('\n').trimEnd();
  return ![body, `# %%submit\n${body}`].includes(code.trimEnd());
}
