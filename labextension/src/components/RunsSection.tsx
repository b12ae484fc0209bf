import type { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import { cleared, isFiltering } from '../model/runFilter';
import type { RunList } from '../model/runList';
import type { RunSelection } from '../model/runSelection';
import type { IRunFilter, RunState } from '../types';
import { EmptyState } from './EmptyState';
import { ErrorNotice } from './ErrorNotice';
import { RunFilters } from './RunFilters';
import { RunListView } from './RunListView';
import { RunsToolbar, type IRunsAction } from './RunsToolbar';

/** A way to begin, when nothing has run yet. */
export interface IFirstStep {
  label: string;
  act: () => void;
}

export interface IRunsSectionProps {
  list: RunList;
  selection: RunSelection;
  counts: Readonly<Partial<Record<RunState, number>>> | null;
  targets: readonly string[];
  /** What can be done with what is selected. */
  actions: readonly IRunsAction[];
  firstSteps: readonly IFirstStep[];
  isShown: boolean;
  trans: TranslationBundle;
  onFilter: (filter: IRunFilter) => void;
  onOpen: (id: string) => void;
  onDelete: () => void;
}

/**
 * All runs: what restricts them, what can be done with them, and the list.
 */
export function RunsSection(props: IRunsSectionProps): JSX.Element {
  const { list, selection, counts, targets, trans, onFilter } = props;
  return (
    <UseSignal signal={list.changed}>
      {() => (
        <div
          className="jp-compute-RunsSection"
          data-empty={list.total === 0 && !isFiltering(list.filter)}
        >
          <RunFilters
            filter={list.filter}
            counts={counts}
            targets={targets}
            experiments={list.known('experiment')}
            notebooks={list.known('notebook')}
            trans={trans}
            onChange={onFilter}
          />
          <UseSignal signal={selection.changed}>
            {() => (
              <RunsToolbar
                total={list.total}
                selected={selection.runs}
                actions={props.actions}
                trans={trans}
              />
            )}
          </UseSignal>
          {list.error && (
            <ErrorNotice
              error={list.error}
              trans={trans}
              onRetry={() => void list.refresh()}
            />
          )}
          {list.total === 0 && <Nothing {...props} />}
          <RunListView
            list={list}
            selection={selection}
            trans={trans}
            isShown={props.isShown}
            onOpen={props.onOpen}
            onDelete={props.onDelete}
          />
        </div>
      )}
    </UseSignal>
  );
}

function Nothing({
  list,
  trans,
  firstSteps,
  onFilter
}: IRunsSectionProps): JSX.Element {
  if (isFiltering(list.filter)) {
    return (
      <EmptyState title={trans.__('No run matches these filters.')}>
        <button
          type="button"
          className="jp-compute-Button"
          onClick={() => onFilter(cleared(list.filter))}
        >
          {trans.__('Clear filters')}
        </button>
      </EmptyState>
    );
  }
  return (
    <EmptyState title={trans.__('Nothing has run yet.')}>
      <p>
        {trans.__(
          'Begin a cell with this line to run it on a target, after loading the extension once:'
        )}
      </p>
      <pre>{'%load_ext jupyter_compute\n\n%%submit --target local'}</pre>
      {firstSteps.length > 0 && (
        <p className="jp-compute-RunsSection-steps">
          {firstSteps.map(({ label, act }) => (
            <button
              key={label}
              type="button"
              className="jp-compute-Button"
              onClick={act}
            >
              {label}
            </button>
          ))}
        </p>
      )}
    </EmptyState>
  );
}
