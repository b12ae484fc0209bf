import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDraft } from '../model/draft';
import type { Problems } from '../model/draftProblems';
import type { Distribution } from '../types';
import { SelectField, TextField } from './SubmitField';

export interface ISubmitNeedsProps {
  trans: TranslationBundle;
  draft: IDraft;
  problems: Problems;
  onChange: (part: Partial<IDraft>) => void;
}

/**
 * What the run needs; what is left empty is the target's to say.
 */
export function SubmitNeeds({
  trans,
  draft,
  problems,
  onChange
}: ISubmitNeedsProps): JSX.Element {
  const field = (name: 'cpus' | 'gpus' | 'memory' | 'timeLimit') => ({
    value: draft[name],
    problem: problems[name],
    onChange: (value: string) => onChange({ [name]: value })
  });
  return (
    <div className="jp-compute-Submit-grid jp-compute-Submit-numbers">
      <TextField label={trans.__('Cores')} isNumber {...field('cpus')} />
      <TextField label={trans.__('GPUs')} isNumber {...field('gpus')} />
      <TextField
        label={trans.__('Memory')}
        placeholder="8 GB"
        {...field('memory')}
      />
      <TextField
        label={trans.__('Time limit')}
        placeholder="1h30m"
        {...field('timeLimit')}
      />
    </div>
  );
}

/**
 * Many processes on many machines.
 */
export function SubmitProcesses({
  trans,
  draft,
  problems,
  onChange
}: ISubmitNeedsProps): JSX.Element {
  const distributions: [Distribution, string][] = [
    ['none', trans.__('They do not')],
    ['mpi', 'MPI'],
    ['pytorch', 'PyTorch'],
    ['tensorflow', 'TensorFlow']
  ];
  return (
    <div className="jp-compute-Submit-grid">
      <TextField
        label={trans.__('Machines')}
        isNumber
        placeholder="1"
        value={draft.nodes}
        problem={problems['nodes']}
        onChange={nodes => onChange({ nodes })}
      />
      <TextField
        label={trans.__('Processes on each')}
        isNumber
        placeholder="1"
        value={draft.processes}
        problem={problems['processes']}
        onChange={processes => onChange({ processes })}
      />
      <SelectField
        label={trans.__('They find each other by')}
        value={draft.distribution}
        options={distributions}
        onChange={value => onChange({ distribution: value as Distribution })}
      />
    </div>
  );
}
