import type { TranslationBundle } from '@jupyterlab/translation';
import { formatMoment } from '../model/format';
import type { IProvisioning, ITarget, TargetAction } from '../types';

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
  const { provisioning, actions } = target;
  const isBusy =
    provisioning?.state === 'queued' || provisioning?.state === 'running';
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
          {provisioningLabel(provisioning, trans)}
          {provisioning.message && <span>{provisioning.message}</span>}
        </p>
      )}
      <div className="jp-compute-TargetPage-actions">
        {actions.map(action => (
          <button
            key={action}
            type="button"
            className="jp-mod-styled"
            disabled={isBusy}
            onClick={() => onManage(action)}
          >
            {actionLabel(action, trans)}
          </button>
        ))}
      </div>
    </section>
  );
}

function provisioningLabel(
  { action, state, since }: IProvisioning,
  trans: TranslationBundle
): string {
  const what = actionLabel(action, trans);
  const when = formatMoment(since);
  switch (state) {
    case 'queued':
      return trans.__('%1: waits since %2', what, when);
    case 'running':
      return trans.__('%1: at work since %2', what, when);
    case 'done':
      return trans.__('%1: done at %2', what, when);
    case 'failed':
      return trans.__('%1: failed at %2', what, when);
  }
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
