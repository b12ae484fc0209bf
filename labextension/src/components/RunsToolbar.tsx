import type { TranslationBundle } from '@jupyterlab/translation';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { IRunLine } from '../types';

/** Something that can be done with runs. */
export interface IRunsAction {
  id: string;
  label: string;
  icon: LabIcon;
  /** Those of the runs that it can be done with; none switch it off. */
  fits: (runs: readonly IRunLine[]) => readonly IRunLine[];
  act: (runs: readonly IRunLine[]) => void;
}

export interface IRunsToolbarProps {
  /** How many runs are listed; `null` before that is known. */
  total: number | null;
  selected: readonly IRunLine[];
  actions: readonly IRunsAction[];
  trans: TranslationBundle;
}

/**
 * How many runs there are and are selected, and what can be done with these.
 */
export function RunsToolbar({
  total,
  selected,
  actions,
  trans
}: IRunsToolbarProps): JSX.Element {
  return (
    <div className="jp-compute-RunsToolbar">
      <span className="jp-compute-RunsToolbar-count" aria-live="polite">
        {count(total, selected.length, trans)}
      </span>
      <div
        className="jp-compute-RunsToolbar-actions"
        role="group"
        aria-label={trans.__('Selected runs')}
      >
        {actions.map(({ id, label, icon, fits, act }) => {
          const runs = fits(selected);
          const isPart = runs.length > 0 && runs.length < selected.length;
          const said = isPart ? `${label} (${runs.length})` : label;
          return (
            <button
              key={id}
              type="button"
              className="jp-compute-RunsToolbar-action"
              aria-label={said}
              title={said}
              disabled={runs.length === 0}
              onClick={() => act(runs)}
            >
              <icon.react tag="span" elementSize="normal" />
              {isPart && <span aria-hidden="true">{runs.length}</span>}
            </button>
          );
        })}
      </div>
    </div>
  );
}

function count(
  total: number | null,
  selected: number,
  trans: TranslationBundle
): string {
  if (total === null) {
    return '';
  }
  const all = total.toLocaleString();
  return selected > 0
    ? trans.__('%1 of %2 selected', selected, all)
    : trans._n('%2 run', '%2 runs', total, all);
}
