import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReactNode } from 'react';
import { formatDuration, formatMoment, formatTime } from '../model/format';
import { isFinal } from '../model/states';
import { duration, timeline } from '../model/timeline';
import type { IRun, IRunDetails } from '../types';
import { CopyButton } from './CopyButton';
import { RunActions, type IRunAction } from './RunActions';
import { RunProgress } from './RunProgress';
import { RunStateIcon } from './RunStateIcon';
import { RunTimeline } from './RunTimeline';
import { RunWhy } from './RunWhy';
import { useNow } from './useNow';

export interface IRunHeaderProps {
  details: IRunDetails;
  actions: readonly IRunAction[];
  trans: TranslationBundle;
  /** Whether it is looked at: then its clock ticks. */
  isShown?: boolean;
  onOpenTarget?: (name: string) => void;
  onShowExperiment?: (name: string) => void;
  onShowLog?: () => void;
}

/**
 * What a run is and how it stands.
 */
export function RunHeader({
  details,
  actions,
  trans,
  isShown = true,
  onOpenTarget,
  onShowExperiment,
  onShowLog
}: IRunHeaderProps): JSX.Element {
  const { run, progress } = details;
  const isLive = !isFinal(run.state);
  const now = useNow(isLive && isShown);
  return (
    <div className="jp-compute-RunHeader">
      <div className="jp-compute-RunHeader-top">
        <span role="status" className="jp-compute-RunHeader-state">
          <RunStateIcon state={run.state} trans={trans} isLabelled />
          {isLive && run.cancel_requested !== null && (
            <span>{trans.__('(ending…)')}</span>
          )}
        </span>
        <h2>{run.name}</h2>
        <span className="jp-compute-RunHeader-id">
          <code>{run.id}</code>
          <CopyButton
            text={run.id}
            label={trans.__('Copy the id')}
            trans={trans}
          />
        </span>
        <RunActions actions={actions} trans={trans} />
      </div>
      <Facts
        run={run}
        now={now}
        trans={trans}
        onOpenTarget={onOpenTarget}
        onShowExperiment={onShowExperiment}
      />
      <RunTimeline stretches={timeline(details, now)} trans={trans} />
      {isLive && progress && <RunProgress progress={progress} trans={trans} />}
      <RunWhy details={details} trans={trans} onShowLog={onShowLog} />
    </div>
  );
}

interface IFactsProps {
  run: IRun;
  now: number;
  trans: TranslationBundle;
  onOpenTarget?: (name: string) => void;
  onShowExperiment?: (name: string) => void;
}

function Facts({
  run,
  now,
  trans,
  onOpenTarget,
  onShowExperiment
}: IFactsProps): JSX.Element {
  const took = formatDuration(duration(run, now));
  return (
    <dl className="jp-compute-RunHeader-facts">
      <Fact name={trans.__('Target')}>
        <Name name={run.target} onOpen={onOpenTarget} />
      </Fact>
      <Fact name={trans.__('Experiment')}>
        <Name name={run.experiment} onOpen={onShowExperiment} />
      </Fact>
      <Fact name={trans.__('Submitted')}>
        <time title={formatMoment(run.created)}>{formatTime(run.created)}</time>
      </Fact>
      <Fact
        name={run.started === null ? trans.__('Waiting') : trans.__('Time')}
      >
        {took}
      </Fact>
      {run.attempt > 1 && (
        <Fact name={trans.__('Attempt')}>{String(run.attempt)}</Fact>
      )}
    </dl>
  );
}

interface IFactProps {
  name: string;
  children: ReactNode;
}

function Fact({ name, children }: IFactProps): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

interface INameProps {
  name: string;
  onOpen?: (name: string) => void;
}

/** A name that leads to what it names, if there is something that shows it. */
function Name({ name, onOpen }: INameProps): JSX.Element {
  return onOpen ? (
    <button
      type="button"
      className="jp-compute-Link"
      onClick={() => onOpen(name)}
    >
      {name}
    </button>
  ) : (
    <>{name}</>
  );
}
