import type { TranslationBundle } from '@jupyterlab/translation';
import { memo } from 'react';
import { formatDuration, formatMoment, formatTime } from '../model/format';
import { isFinal, isSilent, stateLabel } from '../model/states';
import type { IRunLine } from '../types';
import { RunReason } from './RunReason';
import { RunStateIcon } from './RunStateIcon';
import { useNow } from './useNow';

export interface IRunRowProps {
  /** `undefined` while it is asked for. */
  run: IRunLine | undefined;
  trans: TranslationBundle;
}

/**
 * A run in a list: its state, name and time, and below what it is or why it waits or failed.
 */
export const RunRow = memo(function RunRow({
  run,
  trans
}: IRunRowProps): JSX.Element {
  if (!run) {
    return (
      <span className="jp-compute-RunRow-blank">
        <span className="jp-compute-hidden">{trans.__('Loading…')}</span>
      </span>
    );
  }
  const why = isFinal(run.state) ? run.error || run.reason : run.reason;
  const isEnding = run.cancel_requested !== null && !isFinal(run.state);
  return (
    <span className="jp-compute-RunRow" title={details(run, trans)}>
      <RunStateIcon state={run.state} trans={trans} />
      <span className="jp-compute-RunRow-name">{run.name}</span>
      <span className="jp-compute-RunRow-when">{formatTime(run.created)}</span>
      <span className="jp-compute-RunRow-place">
        {run.target}
        {isOwnName(run) && (
          <>
            {' · '}
            <span className="jp-compute-RunRow-what">{what(run, trans)}</span>
          </>
        )}
      </span>
      {(why || isEnding) && (
        <span
          className="jp-compute-RunRow-why"
          data-failed={run.state === 'failed'}
        >
          {isEnding ? (
            trans.__('ending…')
          ) : isSilent(run) ? (
            <RunReason run={run} />
          ) : (
            why
          )}
        </span>
      )}
      <RunDuration run={run} />
    </span>
  );
});

/** How long a run takes or took; before it starts, how long it has waited. */
function RunDuration({ run }: { run: IRunLine }): JSX.Element {
  const isLive = !isFinal(run.state);
  const now = useNow(isLive);
  const since = run.started ?? (isLive ? run.created : null);
  const until = run.ended ?? (isLive ? now : null);
  const text =
    since !== null && until !== null
      ? formatDuration(isLive ? Math.floor(until - since) : until - since)
      : '';
  return <span className="jp-compute-RunRow-duration">{text}</span>;
}

/** Whether the name says something else than what is run does. */
function isOwnName(run: IRunLine): boolean {
  const what = run.what || run.notebook;
  return !!what && what.replace(/\.\w+$/, '') !== run.name;
}

/** The script or notebook, or where the cell stands. */
export function what(run: IRunLine, trans: TranslationBundle): string {
  if (run.type !== 'cell') {
    return run.what;
  }
  return run.notebook
    ? trans.__('cell of %1', run.notebook)
    : trans.__('a cell');
}

function details(run: IRunLine, trans: TranslationBundle): string {
  const lines = [
    `${run.name} (${run.id})`,
    `${stateLabel(run.state, trans)} · ${run.target}`,
    what(run, trans),
    trans.__('Experiment: %1', run.experiment),
    trans.__('Submitted: %1', formatMoment(run.created)),
    run.attempt > 1 ? trans.__('Attempt: %1', run.attempt) : '',
    run.reason,
    run.error
  ];
  return lines.filter(Boolean).join('\n');
}
