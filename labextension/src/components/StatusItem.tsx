import type { TranslationBundle } from '@jupyterlab/translation';
import type { RunState } from '../types';
import { computeIcon } from './icons';
import { RunStateIcon } from './RunStateIcon';

export interface IStatusItemProps {
  running: number;
  queued: number;
  /** How many failed since the user looked last. */
  failed: number;
  trans: TranslationBundle;
  onOpen: () => void;
}

/**
 * The runs in three numbers, in the status bar; opens the sidebar.
 */
export function StatusItem(props: IStatusItemProps): JSX.Element {
  const { running, queued, failed, trans, onOpen } = props;
  const said = saying(props);
  return (
    <button
      type="button"
      className="jp-compute-StatusItem"
      aria-label={said}
      title={said}
      onClick={onOpen}
    >
      <computeIcon.react tag="span" width="16px" />
      <Count state="running" count={running} trans={trans} />
      <Count state="queued" count={queued} trans={trans} />
      <Count state="failed" count={failed} trans={trans} />
    </button>
  );
}

interface ICountProps {
  state: RunState;
  count: number;
  trans: TranslationBundle;
}

function Count({ state, count, trans }: ICountProps): JSX.Element | null {
  return count > 0 ? (
    <span className="jp-compute-StatusItem-count">
      <RunStateIcon state={state} trans={trans} />
      {count}
    </span>
  ) : null;
}

function saying(props: IStatusItemProps): string {
  const { running, queued, failed, trans } = props;
  const parts = [
    running > 0 && trans._n('%1 running', '%1 running', running),
    queued > 0 && trans._n('%1 queued', '%1 queued', queued),
    failed > 0 &&
      trans._n(
        '%1 failed since you looked last',
        '%1 failed since you looked last',
        failed
      )
  ].filter(Boolean);
  return parts.length > 0
    ? trans.__('Compute: %1', parts.join(', '))
    : trans.__('Compute: nothing is running');
}
