import type { TranslationBundle } from '@jupyterlab/translation';
import { useId } from 'react';
import type { IKind } from '../types';
import { kindIcon } from './targetIcons';

export interface IAttachKindsProps {
  kinds: readonly IKind[];
  chosen: string;
  trans: TranslationBundle;
  onChoose: (kind: string) => void;
}

/**
 * The kinds of target to choose from; those that cannot be used here say why.
 */
export function AttachKinds({
  kinds,
  chosen,
  trans,
  onChoose
}: IAttachKindsProps): JSX.Element {
  const name = useId();
  return (
    <fieldset className="jp-compute-AttachKinds">
      <legend>{trans.__('Kind')}</legend>
      {kinds.map(kind => {
        const Icon = kindIcon(kind.kind);
        const { error } = kind;
        return (
          <div key={kind.kind} className="jp-compute-AttachKinds-kind">
            <label data-usable={!error}>
              <input
                type="radio"
                name={name}
                value={kind.kind}
                checked={kind.kind === chosen}
                disabled={error !== null}
                onChange={() => onChoose(kind.kind)}
              />
              <Icon.react tag="span" aria-hidden="true" width="16px" />
              {kind.title || kind.kind}
              {kind.title && kind.title !== kind.kind && (
                <code>{kind.kind}</code>
              )}
            </label>
            {error && (
              <p className="jp-compute-AttachKinds-why">
                {error.message}
                {error.hint && <span>{error.hint}</span>}
              </p>
            )}
          </div>
        );
      })}
    </fieldset>
  );
}
