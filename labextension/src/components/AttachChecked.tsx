import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useRef } from 'react';
import type { IChecked } from '../types';
import { InfoFacts } from './TargetFacts';
import { TargetProblems } from './TargetProblems';

export interface IAttachCheckedProps {
  /** `null` before the first look. */
  checked: IChecked | null;
  /** The target that is edited. */
  edited: string | null;
  isTesting: boolean;
  isOutdated: boolean;
  trans: TranslationBundle;
  onCancel: () => void;
}

/**
 * What a look at a place found before it is attached: all that is there, and all that is wrong.
 */
export function AttachChecked(props: IAttachCheckedProps): JSX.Element {
  const { checked, isTesting, trans, onCancel } = props;
  const node = useRef<HTMLElement>(null);
  const isThere = isTesting || checked !== null;
  useEffect(() => {
    if (isThere) {
      node.current?.scrollIntoView?.({ block: 'nearest' });
    }
  }, [isThere, checked]);
  return (
    <section
      ref={node}
      className="jp-compute-AttachChecked"
      aria-label={trans.__('Test of the connection')}
    >
      <div role="status">
        {isTesting && <p>{trans.__('Looking at it…')}</p>}
        {checked && <p>{verdict(checked, trans)}</p>}
      </div>
      {isTesting && (
        <button type="button" className="jp-mod-styled" onClick={onCancel}>
          {trans.__('Stop looking')}
        </button>
      )}
      {checked && <Found {...props} checked={checked} />}
    </section>
  );
}

function Found({
  checked,
  edited,
  isOutdated,
  trans
}: IAttachCheckedProps & { checked: IChecked }): JSX.Element {
  const { info, error, attached_as: other } = checked;
  const problems = info?.problems ?? [];
  return (
    <>
      {isOutdated && (
        <p className="jp-compute-AttachChecked-note">
          {trans.__('The options have changed since: test again.')}
        </p>
      )}
      {other && other !== edited && (
        <p className="jp-compute-AttachChecked-note">
          {trans.__('This place is attached already, as %1.', other)}
        </p>
      )}
      {(error || problems.length > 0) && (
        <TargetProblems error={error} problems={problems} trans={trans} />
      )}
      {info && <InfoFacts info={info} trans={trans} />}
    </>
  );
}

function verdict({ info, error }: IChecked, trans: TranslationBundle): string {
  if (error?.error === 'TargetUnreachableError') {
    return trans.__('It cannot be reached.');
  }
  const problems = info?.problems ?? [];
  if (error || problems.some(problem => problem.fatal)) {
    return trans.__('It answers, but nothing can run there yet.');
  }
  return problems.length > 0
    ? trans.__('It works, with something to look at.')
    : trans.__('It works.');
}
