import type { TranslationBundle } from '@jupyterlab/translation';
import { formatDuration, formatMoment, formatTime } from '../model/format';
import { isFinal } from '../model/states';
import type { IProgress, IRunLine } from '../types';
import { RunReason } from './RunReason';
import { RunStateIcon } from './RunStateIcon';
import { useNow } from './useNow';

export interface ICellRunProps {
  trans: TranslationBundle;
  run: IRunLine;
  progress: IProgress | null;
  /** Whether the cell is not what the run runs any more. */
  isStale: boolean;
  onOpen: () => void;
  onCancel: () => void;
  onDismiss: () => void;
}

/**
 * What stands below a cell about its last run.
 */
export function CellRun(props: ICellRunProps): JSX.Element {
  const { trans, run, progress, isStale } = props;
  const isLive = !isFinal(run.state);
  return (
    <section
      className="jp-compute-CellRun"
      aria-label={trans.__('Run of this cell')}
    >
      <span className="jp-compute-CellRun-state" aria-live="polite">
        <RunStateIcon state={run.state} trans={trans} isLabelled />
      </span>
      <span className="jp-compute-CellRun-name" title={run.id}>
        {trans.__('%1 on %2', run.name, run.target)}
      </span>
      <Elapsed trans={trans} run={run} />
      {isLive && progress && <Progress trans={trans} progress={progress} />}
      <span className="jp-compute-CellRun-why" title={run.error || run.reason}>
        {run.error || <RunReason run={run} />}
      </span>
      {isStale && (
        <span
          className="jp-compute-CellRun-stale"
          title={trans.__('The cell is not what this run ran any more.')}
        >
          {trans.__('edited since')}
        </span>
      )}
      <Actions {...props} isLive={isLive} />
    </section>
  );
}

function Actions({
  trans,
  run,
  isLive,
  onOpen,
  onCancel,
  onDismiss
}: ICellRunProps & { isLive: boolean }): JSX.Element {
  const isEnding = run.cancel_requested !== null;
  return (
    <span className="jp-compute-CellRun-actions">
      <button
        type="button"
        aria-label={trans.__('Open the run %1', run.name)}
        onClick={onOpen}
      >
        {trans.__('Open')}
      </button>
      {isLive && (
        <button
          type="button"
          disabled={isEnding}
          aria-label={trans.__('Cancel the run %1', run.name)}
          onClick={onCancel}
        >
          {isEnding ? trans.__('Ending…') : trans.__('Cancel')}
        </button>
      )}
      <button
        type="button"
        aria-label={trans.__('Hide the run %1', run.name)}
        title={trans.__('Hide this until the next run')}
        onClick={onDismiss}
      >
        {trans.__('Hide')}
      </button>
    </span>
  );
}

function Elapsed({
  trans,
  run
}: {
  trans: TranslationBundle;
  run: IRunLine;
}): JSX.Element {
  const isLive = !isFinal(run.state);
  const now = useNow(isLive);
  const began = run.started ?? run.created;
  const seconds = formatDuration((run.ended ?? now) - began);
  return (
    <span
      className="jp-compute-CellRun-time"
      title={trans.__('Submitted %1', formatMoment(run.created))}
    >
      {isLive || run.ended === null
        ? seconds
        : trans.__('%1, %2', seconds, formatTime(run.ended))}
    </span>
  );
}

function Progress({
  trans,
  progress
}: {
  trans: TranslationBundle;
  progress: IProgress;
}): JSX.Element {
  const percent = Math.round(progress.fraction * 100);
  return (
    <span className="jp-compute-CellRun-progress">
      <progress
        max={1}
        value={progress.fraction}
        aria-label={trans.__('Progress')}
      />
      {trans.__('%1%', percent)} {progress.label}
    </span>
  );
}
