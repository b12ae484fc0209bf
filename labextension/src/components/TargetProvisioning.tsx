import type { TranslationBundle } from '@jupyterlab/translation';
import { formatMoment } from '../model/format';
import type { ITarget, TargetAction } from '../types';

export interface ITargetProvisioningProps {
  target: ITarget;
  trans: TranslationBundle;
  onManage: (action: TargetAction) => void;
}

/**
 * The compute behind a target, where its kind manages it: what is being done with it, and what can be.
 */
export function TargetProvisioning({
  target,
  trans,
  onManage
}: ITargetProvisioningProps): JSX.Element | null {
  const { provisioning, actions = [] } = target;
  if (actions.length === 0 && !provisioning) {
    return null;
  }
  return (
    <section className="jp-compute-TargetPage-section">
      <h3>{trans.__('Compute')}</h3>
      {provisioning && (
        <p
          className="jp-compute-TargetProvisioning"
          data-state={provisioning.state}
          aria-live="polite"
        >
          <strong>
            {actionLabel(provisioning.action, trans)}: {provisioning.state}
          </strong>{' '}
          {trans.__('since %1', formatMoment(provisioning.since))}
          {provisioning.message && <span>{provisioning.message}</span>}
        </p>
      )}
      <div className="jp-compute-TargetPage-actions">
        {actions.map(action => (
          <button
            key={action}
            type="button"
            className="jp-mod-styled"
            onClick={() => onManage(action)}
          >
            {actionLabel(action, trans)}
          </button>
        ))}
      </div>
    </section>
  );
}

/**
 * Say what can be done with the compute behind a target.
 */
export function actionLabel(
  action: TargetAction,
  trans: TranslationBundle
): string {
  switch (action) {
    case 'create':
      return trans.__('Create');
    case 'start':
      return trans.__('Start');
    case 'stop':
      return trans.__('Stop');
    case 'remove':
      return trans.__('Delete');
  }
}
