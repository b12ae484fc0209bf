import type { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import type { IRun } from '../types';

export interface IRunVariablesProps {
  run: IRun;
  trans: TranslationBundle;
}

/**
 * The environment variables of a run. What they hold may not be for everybody who looks on; secrets are only ever
 * references.
 */
export function RunVariables({ run, trans }: IRunVariablesProps): JSX.Element {
  const [isOpen, setIsOpen] = useState(false);
  const plain = Object.entries(run.env);
  return (
    <>
      <table className="jp-compute-RunDetails-table">
        <tbody>
          {plain.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{isOpen ? <code>{value}</code> : '••••'}</td>
            </tr>
          ))}
          {Object.entries(run.secrets).map(([name, reference]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                {trans.__('secret, from')} <code>{reference}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {plain.length > 0 && (
        <button
          type="button"
          className="jp-compute-Button"
          aria-pressed={isOpen}
          onClick={() => setIsOpen(!isOpen)}
        >
          {trans.__('Show values')}
        </button>
      )}
    </>
  );
}
