import type { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import type { IDetachAsked } from '../types';

export interface IDetachFormProps {
  /** How many runs are not over there. */
  active: number;
  onChange: (asked: IDetachAsked) => void;
  trans: TranslationBundle;
}

/**
 * What is to become of the runs and files at a target that is detached.
 */
export function DetachForm({
  active,
  onChange,
  trans
}: IDetachFormProps): JSX.Element {
  const [asked, setAsked] = useState<IDetachAsked>({
    cancel: false,
    purge: false
  });
  const change = (cancel: boolean, purge: boolean) => {
    // Files go only with the runs that need them.
    const next = { cancel, purge: purge && (cancel || active === 0) };
    setAsked(next);
    onChange(next);
  };
  return (
    <div className="jp-compute-DetachForm">
      <p>
        {active > 0
          ? trans._n(
              'It is taken off your list. %1 run goes on there, and is found again when you attach it anew.',
              'It is taken off your list. %1 runs go on there, and are found again when you attach it anew.',
              active
            )
          : trans.__(
              'It is taken off your list. The place itself stays as it is.'
            )}
      </p>
      {active > 0 && (
        <label>
          <input
            type="checkbox"
            checked={asked.cancel}
            onChange={event => change(event.target.checked, asked.purge)}
          />
          {trans.__('End its runs first')}
        </label>
      )}
      <label>
        <input
          type="checkbox"
          checked={asked.purge}
          disabled={active > 0 && !asked.cancel}
          onChange={event => change(asked.cancel, event.target.checked)}
        />
        {trans.__('Remove the files of all runs there, too')}
      </label>
    </div>
  );
}
