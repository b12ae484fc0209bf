import type { TranslationBundle } from '@jupyterlab/translation';
import { caretDownIcon } from '@jupyterlab/ui-components';
import type { MouseEvent } from 'react';

/** Something that can be done with a run. */
export interface IRunAction {
  id: string;
  label: string;
  isEnabled: boolean;
  /** Whether it opens a menu below its button. */
  hasMenu?: boolean;
  /** Do it; the button is told for those who open something beside it. */
  act: (button: HTMLElement) => void;
}

export interface IRunActionsProps {
  actions: readonly IRunAction[];
  trans: TranslationBundle;
}

/**
 * What can be done with a run.
 */
export function RunActions({ actions, trans }: IRunActionsProps): JSX.Element {
  return (
    <div
      role="group"
      aria-label={trans.__('Actions')}
      className="jp-compute-RunActions"
    >
      {actions.map(action => (
        <button
          key={action.id}
          type="button"
          className="jp-compute-Button"
          disabled={!action.isEnabled}
          aria-haspopup={action.hasMenu ? 'menu' : undefined}
          onClick={(event: MouseEvent<HTMLElement>) =>
            action.act(event.currentTarget)
          }
        >
          {action.label}
          {action.hasMenu && (
            <caretDownIcon.react tag="span" aria-hidden="true" />
          )}
        </button>
      ))}
    </div>
  );
}
