import type { TranslationBundle } from '@jupyterlab/translation';
import type { ITarget } from '../types';
import {
  readCount,
  readGigabytes,
  readMinutes,
  readPositive,
  readWords
} from './amounts';
import type { IDraft, IPair, Subject } from './draft';
import { readEntry } from './parameters';

/** What is wrong, by field: `cpus`, `param:lr`, `env:0`… */
export type Problems = Readonly<Record<string, string>>;

const IDENTIFIER = /^[\p{L}_][\p{L}\p{N}_]*$/u;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const REFERENCE = /^(env:\S+|file:\S.*|keyring:[^/]\S*\/\S+)$/;

/**
 * See what the server would refuse, before it is asked.
 */
export function problemsOf(
  draft: IDraft,
  subject: Subject,
  target: ITarget | undefined,
  trans: TranslationBundle
): Problems {
  const problems: Record<string, string> = {
    ...amountProblems(draft, trans),
    ...pairProblems(draft, trans),
    ...environmentProblems(draft, trans),
    ...paramProblems(draft, subject, trans)
  };
  if (subject.type === 'script' && readWords(draft.args) === null) {
    problems['args'] = trans.__('A quotation mark is not closed.');
  }
  for (const [field, problem] of Object.entries(
    limitProblems(draft, target, trans)
  )) {
    problems[field] ??= problem;
  }
  return problems;
}

function amountProblems(draft: IDraft, trans: TranslationBundle): Problems {
  const problems: Record<string, string> = {};
  const see = (field: keyof IDraft & string, read: unknown, say: string) => {
    if (draft[field] !== '' && read === null) {
      problems[field] = say;
    }
  };
  const above = trans.__('Give a number above 0.');
  const atLeastOne = trans.__('Give a whole number, at least 1.');
  see('cpus', readPositive(draft.cpus), above);
  see('gpus', readCount(draft.gpus, 0), trans.__('Give a whole number.'));
  see('nodes', readCount(draft.nodes, 1), atLeastOne);
  see('processes', readCount(draft.processes, 1), atLeastOne);
  see(
    'memory',
    readGigabytes(draft.memory),
    trans.__('“%1” is no amount of memory: 4, 16 GB, 500 MB.', draft.memory)
  );
  see(
    'timeLimit',
    readMinutes(draft.timeLimit),
    trans.__('“%1” is no time: 2h, 30m, 1h30m, 45s.', draft.timeLimit)
  );
  return problems;
}

function paramProblems(
  draft: IDraft,
  subject: Subject,
  trans: TranslationBundle
): Problems {
  const problems: Record<string, string> = {};
  const known = subject.type === 'notebook' ? subject.parameters : [];
  for (const { name, type } of known) {
    const text = draft.params[name];
    const entry = text === undefined ? null : readEntry(text, type, trans);
    if (entry && 'problem' in entry) {
      problems[`param:${name}`] = entry.problem;
    }
  }
  draft.moreParams.forEach(({ name }, index) => {
    if (!IDENTIFIER.test(name)) {
      problems[`moreParams:${index}`] = name
        ? trans.__('“%1” is no Python name.', name)
        : trans.__('Give it a name.');
    } else if (known.some(one => one.name === name)) {
      problems[`moreParams:${index}`] = trans.__('%1 is set above.', name);
    }
  });
  return problems;
}

function pairProblems(draft: IDraft, trans: TranslationBundle): Problems {
  const problems: Record<string, string> = {};
  const see = (field: string, pairs: readonly IPair[]) =>
    pairs.forEach((pair, index) => {
      const say =
        pairs.findIndex(one => one.name === pair.name) < index
          ? trans.__('%1 is there twice.', pair.name)
          : variableProblem(pair.name, trans);
      if (say) {
        problems[`${field}:${index}`] = say;
      }
    });
  see('env', draft.env);
  see('secrets', draft.secrets);
  draft.secrets.forEach(({ name, value }, index) => {
    const field = `secrets:${index}`;
    if (draft.env.some(one => one.name === name)) {
      problems[field] ??= trans.__('%1 is a variable above, too.', name);
    }
    if (!REFERENCE.test(value.trim())) {
      // What was typed may be the secret itself, so it is not repeated.
      problems[field] ??= trans.__(
        'Say where it is kept: env:NAME, file:PATH or keyring:SERVICE/USER.'
      );
    }
  });
  draft.tags.forEach(({ name }, index) => {
    if (!name.trim()) {
      problems[`tags:${index}`] = trans.__('Give it a name.');
    }
  });
  return problems;
}

function variableProblem(name: string, trans: TranslationBundle): string {
  if (!name) {
    return trans.__('Give it a name.');
  }
  if (!VARIABLE.test(name)) {
    return trans.__('“%1” is no name: letters, digits and _.', name);
  }
  const isOurs = name.startsWith('JUPYTER_COMPUTE_');
  return isOurs && name !== 'JUPYTER_COMPUTE_HOME'
    ? trans.__('%1 is set by the run itself.', name)
    : '';
}

function environmentProblems(
  draft: IDraft,
  trans: TranslationBundle
): Problems {
  const { environment, environmentText } = draft;
  if (environment === 'default') {
    return {};
  }
  if (!environmentText.trim()) {
    return { environment: trans.__('Fill this in, or choose another one.') };
  }
  return {};
}

/** More than a target with a fixed size has: it would wait for ever. */
function limitProblems(
  draft: IDraft,
  target: ITarget | undefined,
  trans: TranslationBundle
): Problems {
  const info = target?.info;
  if (!target || !info || info.slots === null) {
    return {};
  }
  const problems: Record<string, string> = {};
  const see = (field: string, asked: number | null, there: number) => {
    if (asked !== null && asked > there && (there > 0 || field === 'gpus')) {
      problems[field] = trans.__('%1 has %2.', target.name, there);
    }
  };
  see('cpus', readPositive(draft.cpus), info.cpus);
  see('gpus', readCount(draft.gpus, 0), info.gpus.length);
  see('memory', readGigabytes(draft.memory), info.memory_gb);
  see('nodes', readCount(draft.nodes, 1), 1);
  return problems;
}
