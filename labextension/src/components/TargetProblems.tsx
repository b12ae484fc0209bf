import type { TranslationBundle } from '@jupyterlab/translation';
import type { IError, IProblem } from '../types';

export interface ITargetProblemsProps {
  error: IError | null;
  problems: readonly IProblem[];
  trans: TranslationBundle;
}

/**
 * Everything that is wrong with a target, each with its remedy.
 */
export function TargetProblems({
  error,
  problems,
  trans
}: ITargetProblemsProps): JSX.Element {
  const all: IProblem[] = error
    ? [{ message: error.message, remedy: error.hint, fatal: true }, ...problems]
    : [...problems];
  return (
    <ul className="jp-compute-TargetProblems">
      {all.map((problem, place) => (
        <li key={place} data-fatal={problem.fatal}>
          <span className="jp-compute-TargetProblems-sort">
            {problem.fatal ? trans.__('Problem') : trans.__('Warning')}
          </span>
          <span>{problem.message}</span>
          {problem.remedy && (
            <span className="jp-compute-TargetProblems-remedy">
              {problem.remedy}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
