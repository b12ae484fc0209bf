import type { TranslationBundle } from '@jupyterlab/translation';
import type { PartialJSONObject } from '@lumino/coreutils';
import { useState } from 'react';
import { formatBytes, formatJson, formatValue } from '../model/format';
import type { IVariable } from '../types';

const ROWS = 100;

export interface ITableProps {
  name: string;
  rows: readonly PartialJSONObject[];
  trans: TranslationBundle;
}

/**
 * A table that a run logged row by row; columns stand in the order in which they came.
 */
export function ResultTable({ name, rows, trans }: ITableProps): JSX.Element {
  const [most, setMost] = useState(ROWS);
  const columns = [...new Set(rows.flatMap(row => Object.keys(row)))];
  return (
    <div
      className="jp-compute-ResultTable"
      role="region"
      tabIndex={0}
      aria-label={trans.__('Rows of %1', name)}
    >
      <table className="jp-compute-table">
        <thead>
          <tr>
            {columns.map(column => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, most).map((row, place) => (
            <tr key={place}>
              {columns.map(column => (
                <td key={column}>{cellText(row[column])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > most && (
        <button
          type="button"
          className="jp-compute-Tool"
          onClick={() => setMost(most + 10 * ROWS)}
        >
          {trans._n(
            'Show %1 more row',
            'Show %1 more rows',
            rows.length - most
          )}
        </button>
      )}
    </div>
  );
}

export interface IVariablesProps {
  variables: readonly IVariable[];
  trans: TranslationBundle;
}

/**
 * The variables that a cell was asked to bring back; their values go to the kernel.
 */
export function Variables({ variables, trans }: IVariablesProps): JSX.Element {
  return (
    <table className="jp-compute-table">
      <thead>
        <tr>
          <th scope="col">{trans.__('Name')}</th>
          <th scope="col">{trans.__('Type')}</th>
          <th scope="col">{trans.__('Size')}</th>
          <th scope="col">{trans.__('Travels as')}</th>
        </tr>
      </thead>
      <tbody>
        {variables.map(variable => (
          <tr key={variable.name}>
            <th scope="row">{variable.name}</th>
            <td>{variable.python_type}</td>
            {variable.error ? (
              <td colSpan={2}>
                {trans.__('did not come back: %1', variable.error)}
              </td>
            ) : (
              <>
                <td>{formatBytes(variable.size)}</td>
                <td>{variable.codec}</td>
              </>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function cellText(value: unknown): string {
  if (value === undefined || value === null) {
    return '–';
  }
  return typeof value === 'number' ? formatValue(value) : formatJson(value);
}
