import type { TranslationBundle } from '@jupyterlab/translation';
import type { PartialJSONObject } from '@lumino/coreutils';
import type { Command, Environment, IResources, ISubmit } from '../types';
import {
  readCount,
  readGigabytes,
  readMinutes,
  readPositive,
  readWords
} from './amounts';
import { pathWithin, type IDraft, type IPair, type Subject } from './draft';
import { readEntry } from './parameters';

/**
 * Say a draft without problems as the server takes it.
 *
 * @param python - The interpreter that the default environment means; empty leaves it to the target.
 */
export function requestOf(
  draft: IDraft,
  subject: Subject,
  python: string,
  trans: TranslationBundle
): ISubmit {
  return {
    command: commandOf(draft, subject),
    // A folder's name may begin with a tilde, which would mean somebody's home.
    source: draft.source.startsWith('~') ? `./${draft.source}` : draft.source,
    target: draft.target,
    name: draft.name.trim(),
    experiment: draft.experiment.trim(),
    params: paramsOf(draft, subject, trans),
    environment: environmentOf(draft, python),
    resources: resourcesOf(draft),
    env: mapOf(draft.env),
    secrets: mapOf(
      draft.secrets.map(({ name, value }) => ({ name, value: value.trim() }))
    ),
    tags: mapOf(draft.tags)
  };
}

function commandOf(draft: IDraft, subject: Subject): Command {
  const path = pathWithin(draft.source, subject.path);
  switch (subject.type) {
    case 'cell':
      return {
        type: 'cell',
        code: subject.code,
        notebook: path,
        cell_id: subject.cellId
      };
    case 'notebook':
      return { type: 'notebook', path };
    case 'script':
      return { type: 'script', path, args: readWords(draft.args) ?? [] };
  }
}

function paramsOf(
  draft: IDraft,
  subject: Subject,
  trans: TranslationBundle
): PartialJSONObject {
  const params: PartialJSONObject = {};
  const known = subject.type === 'notebook' ? subject.parameters : [];
  const set = (name: string, entry: ReturnType<typeof readEntry>) => {
    if ('value' in entry) {
      params[name] = entry.value;
    }
  };
  for (const { name, type, text } of known) {
    const typed = draft.params[name];
    if (typed !== undefined && typed !== text) {
      set(name, readEntry(typed, type, trans));
    }
  }
  for (const { name, value } of draft.moreParams) {
    set(name, readEntry(value, 'any', trans));
  }
  return params;
}

function environmentOf(
  { environment, environmentText }: IDraft,
  python: string
): Environment | string | null {
  const text = environmentText.trim();
  switch (environment) {
    case 'default':
      return python ? { type: 'python', interpreter: python } : null;
    case 'image':
      return `image:${text}`;
    case 'packages':
      // One line of the command line and one line of a file mean the same.
      return text.replace(/\s*\n\s*/g, ',');
    case 'python':
    case 'file':
      return text;
  }
}

function resourcesOf(draft: IDraft): Partial<IResources> {
  return {
    nodes: readCount(draft.nodes, 1) ?? 1,
    processes_per_node: readCount(draft.processes, 1) ?? 1,
    cpus: readPositive(draft.cpus),
    gpus: readCount(draft.gpus, 0) ?? 0,
    memory_gb: readGigabytes(draft.memory),
    time_limit_min: readMinutes(draft.timeLimit),
    distribution: draft.distribution
  };
}

function mapOf(pairs: readonly IPair[]): Record<string, string> {
  return Object.fromEntries(pairs.map(({ name, value }) => [name, value]));
}
