import type { ICell, IOutput } from '@jupyterlab/nbformat';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { PartialJSONObject } from '@lumino/coreutils';
import { useMemo } from 'react';
import { Output } from './Output';
import { WhenSeen } from './WhenSeen';
import { asMarkdown, fenced } from './markdown';

export interface INotebookPreviewProps {
  /** Of format 4. */
  notebook: PartialJSONObject;
  rendermime: IRenderMimeRegistry;
  trans: TranslationBundle;
}

/**
 * A notebook to read: its texts, its code and what came out of it.
 */
export function NotebookPreview({
  notebook,
  rendermime,
  trans
}: INotebookPreviewProps): JSX.Element {
  const cells = (notebook.cells ?? []) as unknown as ICell[];
  const language = languageOf(notebook);
  return (
    <ol
      className="jp-compute-NotebookPreview"
      aria-label={trans.__('Cells of the notebook')}
    >
      {cells.map((cell, place) => (
        <li key={place}>
          <WhenSeen>
            <Cell
              cell={cell}
              language={language}
              rendermime={rendermime}
              trans={trans}
            />
          </WhenSeen>
        </li>
      ))}
    </ol>
  );
}

interface ICellProps {
  cell: ICell;
  language: string;
  rendermime: IRenderMimeRegistry;
  trans: TranslationBundle;
}

function Cell({ cell, language, rendermime, trans }: ICellProps): JSX.Element {
  const source = textOf(cell.source);
  const shared = { rendermime, trans };
  const text = useMemo(
    () =>
      asMarkdown(
        cell.cell_type === 'markdown' ? source : fenced(source, language)
      ),
    [cell.cell_type, source, language]
  );
  const count = cell.execution_count as number | null | undefined;
  const outputs = (cell.outputs ?? []) as IOutput[];
  return (
    <div className="jp-compute-NotebookPreview-cell">
      {cell.cell_type === 'code' && (
        <span className="jp-compute-NotebookPreview-count">
          [{count ?? ' '}]
        </span>
      )}
      <div className="jp-compute-NotebookPreview-content">
        {source.trim() && (
          <div className={`jp-compute-NotebookPreview-${cell.cell_type}`}>
            <Output output={text} {...shared} />
          </div>
        )}
        {outputs.map((output, place) => (
          <Output key={place} output={output} {...shared} />
        ))}
      </div>
    </div>
  );
}

function textOf(source: string | string[]): string {
  return Array.isArray(source) ? source.join('') : String(source ?? '');
}

function languageOf({ metadata }: PartialJSONObject): string {
  const about = (metadata ?? {}) as Record<string, Record<string, unknown>>;
  const name = about.language_info?.name ?? about.kernelspec?.language;
  return typeof name === 'string' ? name : 'python';
}
