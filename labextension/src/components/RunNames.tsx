import type { TranslationBundle } from '@jupyterlab/translation';
import type { IFailure } from '../model/runActions';

const SHOWN = 6;

export interface IRunNamesProps {
  names: readonly string[];
  /** What else there is to say. */
  note?: string;
  trans: TranslationBundle;
}

/**
 * Which runs something is about to be done with.
 */
export function RunNames({ names, note, trans }: IRunNamesProps): JSX.Element {
  const more = names.length - SHOWN;
  return (
    <div className="jp-compute-RunNames">
      <ul>
        {names.slice(0, SHOWN).map((name, place) => (
          <li key={place}>{name}</li>
        ))}
        {more > 0 && <li>{trans._n('and %1 more', 'and %1 more', more)}</li>}
      </ul>
      {note && <p>{note}</p>}
    </div>
  );
}

/**
 * What could not be done with which runs, and why.
 */
export function RunFailures({
  failures
}: {
  failures: readonly IFailure[];
}): JSX.Element {
  return (
    <ul className="jp-compute-RunNames">
      {failures.map(({ run, error }) => (
        <li key={run.id}>
          {run.name} ({run.id}): {error.message}
          {error.hint && ` — ${error.hint}`}
        </li>
      ))}
    </ul>
  );
}
