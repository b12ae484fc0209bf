import type { Command, Environment, IRun } from '../types';

/** A line that submits a run's like, and what it cannot say. */
export interface ICopied {
  text: string;
  /** What has to be there, or be added by hand, so that it is the same. */
  missing: Missing[];
}

export type Missing = { what: 'file'; name: string } | { what: 'newlines' };

type Words = string[];

/** The file that stands for the whole of what an environment is made from. */
const ENVIRONMENT_FILES = ['uv.lock', 'pylock.toml', 'pyproject.toml'];

/**
 * Write a run as a magic: `%%submit …` and the code of a cell, or `%submit …`.
 */
export function asMagic(run: IRun): ICopied {
  const { command } = run;
  const isCell = command.type === 'cell';
  const options = optionsOf(run, isCell && isBesideNotebook(command));
  const words = isCell
    ? ['%%submit', ...options.words, ...variables(run)]
    : ['%submit', ...withProgram(command, options.words)];
  const [sign, ...rest] = words;
  const line = [sign, ...rest.map(quoted)].join(' ');
  const missing = [...options.missing];
  if (line.includes('\n')) {
    missing.push({ what: 'newlines' });
  }
  // A magic ends with its line.
  const first = withoutExpansion(line.replace(/[\r\n]+/g, ' '));
  return { text: isCell ? `${first}\n${command.code}` : first, missing };
}

/**
 * Write a run as a line for a shell; `null` for a cell, which a shell has not got.
 */
export function asShell(run: IRun): ICopied | null {
  if (run.command.type === 'cell') {
    return null;
  }
  const { words, missing } = optionsOf(run, false);
  const line = ['jupyter', 'compute', 'submit'].concat(
    withProgram(run.command, words)
  );
  return { text: line.map(quoted).join(' '), missing };
}

/** Quote a word for a POSIX shell, if it needs it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word)
    ? word
    : `'${word.replace(/'/g, `'"'"'`)}'`;
}

/** Write a value so that it is read as the same: JSON, or text that could be nothing else. */
export function valueText(value: unknown): string {
  if (typeof value !== 'string') {
    return JSON.stringify(value) ?? 'null';
  }
  const isPlain = !isReadAsValue(value) && !/[\r\n]/.test(value);
  return isPlain ? value : JSON.stringify(value);
}

function isReadAsValue(text: string): boolean {
  const constants = ['True', 'False', 'None', 'NaN', 'Infinity', '-Infinity'];
  if (constants.includes(text.trim())) {
    return true;
  }
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function optionsOf(run: IRun, isHere: boolean) {
  const environment = environmentWords(run.environment);
  const words = [
    ...['--target', run.target],
    ...unless(run.name === nameOf(run.command), '--name', run.name),
    ...unless(
      run.experiment === folderName(run.source),
      '--experiment',
      run.experiment
    ),
    ...unless(isHere || !run.source, '--source', run.source),
    ...environment.words,
    ...resources(run),
    ...pairs('--setenv', run.env),
    ...pairs('--secret', run.secrets),
    ...Object.entries(run.params).flatMap(([name, value]) => [
      '--param',
      name,
      valueText(value)
    ]),
    ...pairs('--tag', run.tags)
  ];
  return { words, missing: environment.missing };
}

function resources({ resources: needs }: IRun): Words {
  return [
    ...unless(needs.cpus === null, '--cpus', needs.cpus),
    ...unless(needs.gpus === 0, '--gpus', needs.gpus),
    ...unless(needs.memory_gb === null, '--memory', needs.memory_gb),
    ...unless(needs.nodes === 1, '--nodes', needs.nodes),
    ...unless(
      needs.processes_per_node === 1,
      '--processes',
      needs.processes_per_node
    ),
    ...unless(
      needs.distribution === 'none',
      '--distribution',
      needs.distribution
    ),
    ...unless(
      needs.time_limit_min === null,
      '--time-limit',
      needs.time_limit_min
    )
  ];
}

function environmentWords(environment: Environment): {
  words: Words;
  missing: Missing[];
} {
  switch (environment.type) {
    case 'python': {
      const { interpreter } = environment;
      return { words: unless(!interpreter, '--env', interpreter), missing: [] };
    }
    case 'image':
      return {
        words: [
          '--env',
          environment.dockerfile
            ? `dockerfile:${environment.dockerfile}`
            : `image:${environment.image}`
        ],
        missing: []
      };
    case 'conda':
      return named('environment.yml');
    case 'packages': {
      const { requirements, files } = environment;
      const file = ENVIRONMENT_FILES.find(name => name in files);
      if (file) {
        return named(file);
      }
      const isPlain =
        Object.keys(files).length === 0 &&
        requirements.every(line => !line.startsWith('-'));
      return isPlain
        ? { words: ['--env', requirements.join(',')], missing: [] }
        : named('requirements.txt');
    }
  }
}

function named(name: string): { words: Words; missing: Missing[] } {
  return { words: ['--env', name], missing: [{ what: 'file', name }] };
}

function variables({ command, inputs }: IRun): Words {
  const sent = inputs.map(input => input.name).filter(Boolean);
  const isCell = command.type === 'cell';
  const brought = (isCell && command.outputs) || [];
  return [
    ...unless(sent.length === 0, '--in', sent.join(',')),
    ...unless(brought.length === 0, '--out', brought.join(',')),
    ...(isCell && command.allow_pickle ? ['--pickle'] : [])
  ];
}

function withProgram(command: Command, options: Words): Words {
  const [program, args] = programOf(command);
  return [program, ...options, ...(args.length > 0 ? ['--', ...args] : [])];
}

function programOf(command: Command): [string, Words] {
  switch (command.type) {
    case 'script':
      return [command.path, command.args ?? []];
    case 'notebook':
      return [command.path, []];
    case 'argv':
      return [command.argv[0], command.argv.slice(1)];
    case 'cell':
      return ['', []];
  }
}

/** Whether a cell that is pasted into its own notebook has the same folder without being told. */
function isBesideNotebook(command: Command): boolean {
  return (
    command.type === 'cell' &&
    !!command.notebook &&
    !command.notebook.includes('/')
  );
}

/** What a run is called unless somebody says otherwise. */
function nameOf(command: Command): string {
  if (command.type === 'cell') {
    return command.notebook ? stem(command.notebook) : 'cell';
  }
  return command.type === 'argv'
    ? lastPart(command.argv[0])
    : stem(command.path);
}

function folderName(source: string): string {
  return lastPart(source.replace(/\/+$/, '')) || 'default';
}

function stem(path: string): string {
  return lastPart(path).replace(/(.)\.[^.]*$/, '$1');
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function unless(
  isDefault: boolean,
  option: string,
  value: string | number | null
): Words {
  return isDefault ? [] : [option, String(value)];
}

function pairs(option: string, values: Record<string, string>): Words {
  return Object.entries(values).flatMap(([name, value]) => [
    option,
    `${name}=${value}`
  ]);
}

/** IPython puts variables into a magic's line: braces and dollars are doubled where it would. */
function withoutExpansion(line: string): string {
  return line
    .replace(/[{}]/g, '$&$&')
    .replace(/\$(?=\$?[\w.])/g, (_, place: number, whole: string) => {
      const quotes = whole.slice(place).split("'").length - 1;
      return quotes % 2 === 0 ? '$$' : '$';
    });
}
