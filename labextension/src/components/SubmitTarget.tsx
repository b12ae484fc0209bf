import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDraft } from '../model/draft';
import type { Problems } from '../model/draftProblems';
import { formatBytes, formatTime } from '../model/format';
import type { ITarget } from '../types';
import { SelectField } from './SubmitField';

export interface ISubmitTargetProps {
  trans: TranslationBundle;
  draft: IDraft;
  /** `null` while they are not known. */
  targets: readonly ITarget[] | null;
  problems: Problems;
  onChange: (part: Partial<IDraft>) => void;
}

/**
 * Where to run it, and how it is there.
 */
export function SubmitTarget({
  trans,
  draft,
  targets,
  problems,
  onChange
}: ISubmitTargetProps): JSX.Element {
  const target = targets?.find(one => one.name === draft.target);
  return (
    <SelectField
      label={trans.__('Target')}
      className="jp-compute-Submit-target"
      value={draft.target}
      problem={problems['target']}
      help={target ? stateText(target, trans) : undefined}
      options={(targets ?? []).map(one => [one.name, label(one, trans)])}
      onChange={name => onChange({ target: name })}
    />
  );
}

function label(target: ITarget, trans: TranslationBundle): string {
  return target.name === target.kind
    ? trans.__('%1 (%2)', target.name, busyText(target, trans))
    : trans.__(
        '%1 (%2, %3)',
        target.name,
        target.kind,
        busyText(target, trans)
      );
}

function busyText({ active }: ITarget, trans: TranslationBundle): string {
  const queued = active.queued ?? 0;
  const all = Object.values(active).reduce((sum, count) => sum + count, 0);
  if (all === 0) {
    return trans.__('free');
  }
  return queued > 0
    ? trans.__('%1 running, %2 waiting', all - queued, queued)
    : trans._n('%1 running', '%1 running', all);
}

/** What was found there, or what is wrong there. */
function stateText(
  { info, error, checked }: ITarget,
  trans: TranslationBundle
): string {
  const problem = info?.problems.find(one => one.fatal) ?? info?.problems[0];
  if (error) {
    return [error.message, error.hint].filter(Boolean).join(' – ');
  }
  if (problem) {
    return [problem.message, problem.remedy].filter(Boolean).join(' – ');
  }
  if (!info || checked === null) {
    return trans.__('It was not checked yet.');
  }
  const parts = [
    info.host,
    info.cpus > 0 && trans._n('%1 core', '%1 cores', info.cpus, info.cpus),
    info.memory_gb > 0 && formatBytes(info.memory_gb * 1e9),
    info.gpus.length > 0 &&
      trans._n('%1 GPU', '%1 GPUs', info.gpus.length, info.gpus.length),
    trans.__('seen %1', formatTime(checked))
  ];
  return parts.filter(Boolean).join(' · ');
}
