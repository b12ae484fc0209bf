import type { TranslationBundle } from '@jupyterlab/translation';
import { isSilent, isFinal } from '../model/states';
import type { IFailure, IRun, IRunDetails } from '../types';
import { CopyButton } from './CopyButton';
import { RunReason } from './RunReason';

export interface IRunWhyProps {
  details: IRunDetails;
  trans: TranslationBundle;
  onShowLog?: () => void;
}

/**
 * What a run waits for, or why it ended as it did.
 */
export function RunWhy({
  details,
  trans,
  onShowLog
}: IRunWhyProps): JSX.Element | null {
  const { run, failure } = details;
  if (!isFinal(run.state)) {
    return run.reason ? <Waiting run={run} trans={trans} /> : null;
  }
  if (run.state === 'completed' && !run.error) {
    return run.reason ? (
      <p className="jp-compute-RunWhy">{run.reason}</p>
    ) : null;
  }
  const text = [endOf(run, trans), ...(failure?.traceback ?? [])].join('\n');
  return (
    <section
      className="jp-compute-RunWhy"
      data-state={run.state}
      aria-label={trans.__('Why it ended')}
    >
      <div className="jp-compute-RunWhy-head">
        <p className="jp-compute-RunWhy-error">{endOf(run, trans)}</p>
        <CopyButton
          text={text}
          label={trans.__('Copy why it ended')}
          trans={trans}
        />
      </div>
      {run.reason && <p>{run.reason}</p>}
      {failure && run.state === 'failed' && (
        <Failure failure={failure} trans={trans} />
      )}
      {!failure && run.state === 'failed' && onShowLog && (
        <button
          type="button"
          className="jp-compute-Link"
          onClick={() => onShowLog()}
        >
          {trans.__('Show the log')}
        </button>
      )}
    </section>
  );
}

interface IWaitingProps {
  run: IRun;
  trans: TranslationBundle;
}

function Waiting({ run, trans }: IWaitingProps): JSX.Element {
  const isQuiet = isSilent(run);
  return (
    <div className="jp-compute-RunWhy" data-silent={isQuiet}>
      <p>
        <RunReason run={run} />
      </p>
      {isQuiet && (
        <p>
          {run.job_id
            ? trans.__(
                'The run may well go on. What it says is shown when the target answers again.'
              )
            : trans.__('It is sent when the target answers again.')}
        </p>
      )}
    </div>
  );
}

interface IFailureProps {
  failure: IFailure;
  trans: TranslationBundle;
}

function Failure({ failure, trans }: IFailureProps): JSX.Element {
  const { traceback, source } = failure;
  const own = traceback.map(line => line.trim()).lastIndexOf(source);
  return (
    <>
      {failure.line !== null && (
        <p className="jp-compute-RunWhy-place">
          {failure.file
            ? trans.__('%1, line %2', failure.file, failure.line)
            : trans.__('the cell, line %1', failure.line)}
          {source && <code>{source}</code>}
        </p>
      )}
      {traceback.length > 0 && (
        <details>
          <summary>{trans.__('Traceback')}</summary>
          <pre tabIndex={0} aria-label={trans.__('Traceback')}>
            {traceback.map((line, place) =>
              source && place === own ? (
                <mark key={place}>{`${line}\n`}</mark>
              ) : (
                `${line}\n`
              )
            )}
          </pre>
        </details>
      )}
    </>
  );
}

function endOf(run: IRun, trans: TranslationBundle): string {
  if (run.error) {
    return run.error;
  }
  if (run.facts.signal !== null) {
    return trans.__('ended by signal %1', run.facts.signal);
  }
  return run.exit_code === null
    ? trans.__('It ended, and nothing says why.')
    : trans.__('exit code %1', run.exit_code);
}
