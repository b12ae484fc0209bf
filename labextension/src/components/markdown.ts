import type { IOutput } from '@jupyterlab/nbformat';

/** Languages that Markdown knows by other names than the endings of their files. */
const LANGUAGES: Record<string, string> = {
  bash: 'shell',
  c: 'c',
  cfg: 'ini',
  cpp: 'cpp',
  css: 'css',
  html: 'html',
  ini: 'ini',
  ipynb: 'json',
  jl: 'julia',
  js: 'javascript',
  json: 'json',
  md: 'markdown',
  py: 'python',
  r: 'r',
  rs: 'rust',
  sh: 'shell',
  sql: 'sql',
  toml: 'toml',
  ts: 'typescript',
  xml: 'xml',
  yaml: 'yaml',
  yml: 'yaml'
};

/** The language that a file is written in, by the end of its name; `null` for other texts. */
export function languageOfFile(path: string): string | null {
  const ending = /\.(\w+)$/.exec(path)?.[1].toLowerCase() ?? '';
  return LANGUAGES[ending] ?? null;
}

/** A block of code in Markdown, whatever the code has in it: so it is coloured as the theme has it. */
export function fenced(code: string, language: string): string {
  const ticks = code.match(/`{3,}/g)?.map(one => one.length) ?? [];
  const fence = '`'.repeat(Math.max(2, ...ticks) + 1);
  return `${fence}${language}\n${code}\n${fence}`;
}

/** A text in Markdown as an output of a cell. */
export function asMarkdown(text: string): IOutput {
  return {
    output_type: 'display_data',
    data: { 'text/markdown': text },
    metadata: {}
  };
}
