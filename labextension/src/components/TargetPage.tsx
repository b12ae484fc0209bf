import type { ReactNode } from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import { formatMoment } from '../model/format';
import {
  loadLabel,
  submitMagic,
  targetLoad,
  targetState
} from '../model/targetStates';
import type { IError, ITarget, TargetAction } from '../types';
import { ErrorNotice } from './ErrorNotice';
import { TargetFacts, TargetOptions } from './TargetFacts';
import { kindIcon } from './targetIcons';
import { TargetProblems } from './TargetProblems';
import { TargetProvisioning } from './TargetProvisioning';
import { TargetRunsList, type ITargetRunsListProps } from './TargetRunsList';
import { TargetStateIcon } from './TargetStateIcon';

/** What can be done on a target's page. */
export interface ITargetPageDeeds {
  onCheck: () => void;
  onEdit: () => void;
  onDetach: () => void;
  onCopy: () => void;
  onInsert: () => void;
  onAnswer: () => void;
  onManage: (action: TargetAction) => void;
  onRetry: () => void;
}

export interface ITargetPageProps extends ITargetPageDeeds {
  name: string;
  /** `undefined` when it is not there, or not known yet. */
  target: ITarget | undefined;
  /** The kind's name for people. */
  kind: string;
  isLoading: boolean;
  isChecking: boolean;
  isAsking: boolean;
  /** What was asked for last and went wrong. */
  error: IError | null;
  runs: Omit<ITargetRunsListProps, 'trans'>;
  trans: TranslationBundle;
}

/**
 * All about one target.
 */
export function TargetPage(props: ITargetPageProps): JSX.Element {
  const { name, target, isLoading, error, trans } = props;
  return (
    <div className="jp-compute-TargetPage">
      {error && (
        <ErrorNotice error={error} trans={trans} onRetry={props.onRetry} />
      )}
      {target ? (
        <Known {...props} target={target} />
      ) : (
        <p role="status">
          {isLoading
            ? trans.__('Loading…')
            : trans.__('There is no target named %1 any more.', name)}
        </p>
      )}
    </div>
  );
}

type Known = ITargetPageProps & { target: ITarget };

function Known(props: Known): JSX.Element {
  const { target, trans } = props;
  const { info, error } = target;
  const problems = error ? [] : (info?.problems ?? []);
  return (
    <>
      <Head {...props} />
      <TargetProvisioning {...props} />
      {(error || problems.length > 0) && (
        <Section title={trans.__('What to look at')}>
          <TargetProblems error={error} problems={problems} trans={trans} />
        </Section>
      )}
      <Section title={trans.__('What is there')}>
        {!info && <p>{trans.__('Nobody has looked yet: check it.')}</p>}
        <TargetFacts target={target} trans={trans} />
      </Section>
      <Section title={trans.__('Options')}>
        {Object.keys(target.options).length === 0 && (
          <p>{trans.__('All as they are by default.')}</p>
        )}
        <TargetOptions target={target} trans={trans} />
      </Section>
      <Section title={trans.__('Newest runs')}>
        <TargetRunsList {...props.runs} trans={trans} />
      </Section>
    </>
  );
}

function Head(props: Known): JSX.Element {
  const { target, kind, isChecking, isAsking, trans } = props;
  const Icon = kindIcon(target.kind);
  const load = loadLabel(targetLoad(target), trans);
  return (
    <header className="jp-compute-TargetPage-head">
      <h2>
        <Icon.react tag="span" aria-hidden="true" width="20px" />
        {target.name}
      </h2>
      <p className="jp-compute-TargetPage-line">
        <TargetStateIcon
          state={targetState(target, isChecking)}
          trans={trans}
        />
        <span>{kind}</span>
        {load && <span>{load}</span>}
        {target.checked !== null && (
          <span>{trans.__('checked %1', formatMoment(target.checked))}</span>
        )}
      </p>
      <div className="jp-compute-TargetPage-actions">
        {isAsking && (
          <Deed isMain label={trans.__('Answer…')} onClick={props.onAnswer} />
        )}
        <Deed
          isMain={!isAsking}
          isDisabled={isChecking}
          label={trans.__('Check now')}
          onClick={props.onCheck}
        />
        <Deed label={trans.__('Edit options…')} onClick={props.onEdit} />
        <Deed label={trans.__('Detach…')} onClick={props.onDetach} />
        <Deed label={trans.__('Insert a cell')} onClick={props.onInsert} />
        <Deed
          label={trans.__('Copy %1', submitMagic(target.name))}
          onClick={props.onCopy}
        />
      </div>
    </header>
  );
}

function Deed({
  label,
  onClick,
  isMain = false,
  isDisabled = false
}: {
  label: string;
  onClick: () => void;
  isMain?: boolean;
  isDisabled?: boolean;
}): JSX.Element {
  return (
    <button
      type="button"
      className={isMain ? 'jp-mod-styled jp-mod-accept' : 'jp-mod-styled'}
      disabled={isDisabled}
      onClick={onClick}
    >
      {label}
    </button>
  );
}

function Section({
  title,
  children
}: {
  title: string;
  children: ReactNode;
}): JSX.Element {
  return (
    <section className="jp-compute-TargetPage-section">
      <h3>{title}</h3>
      {children}
    </section>
  );
}
