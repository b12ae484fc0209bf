import type { TranslationBundle } from '@jupyterlab/translation';
import type { IError, IKind, ITarget } from '../types';
import { EmptyState } from './EmptyState';
import { ErrorNotice } from './ErrorNotice';
import { TargetItem, type ITargetDeeds } from './TargetItem';

export interface ITargetListProps extends ITargetDeeds {
  /** `null` before the first answer. */
  targets: readonly ITarget[] | null;
  kinds: readonly IKind[] | null;
  /** The names of those that are being looked at. */
  checking: ReadonlySet<string>;
  /** The names of those that ask something. */
  asking: ReadonlySet<string>;
  error: IError | null;
  trans: TranslationBundle;
  onAttach: () => void;
  onRetry: () => void;
}

/**
 * The targets that are attached, as the sidebar shows them.
 */
export function TargetList(props: ITargetListProps): JSX.Element {
  const { targets, kinds, checking, asking, error, trans } = props;
  const isAlone =
    targets !== null && targets.every(one => one.kind === 'local');
  return (
    <>
      {error && (
        <ErrorNotice error={error} trans={trans} onRetry={props.onRetry} />
      )}
      {targets === null && !error && (
        <p className="jp-compute-TargetList-wait">{trans.__('Loading…')}</p>
      )}
      {targets && targets.length > 0 && (
        <ul
          className="jp-compute-TargetList"
          aria-label={trans.__('Compute targets')}
        >
          {targets.map(target => (
            <TargetItem
              key={target.name}
              {...props}
              target={target}
              kind={titleOf(target.kind, kinds)}
              isChecking={checking.has(target.name)}
              isAsking={asking.has(target.name)}
            />
          ))}
        </ul>
      )}
      {isAlone && !error && (
        <EmptyState title={trans.__('Only this machine so far')}>
          <p>{trans.__('Attach another one to run your cells there.')}</p>
          <button
            type="button"
            className="jp-mod-styled jp-mod-accept"
            onClick={props.onAttach}
          >
            {trans.__('Attach a target…')}
          </button>
        </EmptyState>
      )}
    </>
  );
}

/**
 * A kind's name for people, or the name it goes by.
 */
export function titleOf(kind: string, kinds: readonly IKind[] | null): string {
  return kinds?.find(one => one.kind === kind)?.title || kind;
}
