import type { TranslationBundle } from '@jupyterlab/translation';
import type { PartialJSONObject } from '@lumino/coreutils';
import { useEffect, useId, useRef } from 'react';
import type { IAttachState } from '../model/attachForm';
import { AttachChecked } from './AttachChecked';
import { AttachKinds } from './AttachKinds';
import { ErrorNotice } from './ErrorNotice';
import { OptionForm } from './OptionForm';

export interface IAttachFormProps {
  state: IAttachState;
  trans: TranslationBundle;
  onChoose: (kind: string) => void;
  onName: (name: string) => void;
  onChange: (data: PartialJSONObject) => void;
  onTouch: (name: string) => void;
  onBrowse: ((path: string) => Promise<string | null>) | null;
  onTest: () => void;
  onCancelTest: () => void;
  onSave: () => void;
  onReplace: () => void;
  onRetry: () => void;
}

/**
 * The form that attaches a target, or edits the options of one.
 */
export function AttachForm(props: IAttachFormProps): JSX.Element {
  const { state, trans } = props;
  const { edited, kinds, kind, form, validator, refusals } = state;
  const prefix = useId();
  const node = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (refusals > 0) {
      const wrong = node.current?.querySelector<HTMLElement>(
        '[aria-invalid="true"]'
      );
      wrong?.closest('details')?.setAttribute('open', '');
      wrong?.focus();
    }
  }, [refusals]);
  return (
    <form
      ref={node}
      className="jp-compute-AttachForm"
      noValidate
      aria-busy={state.isSaving}
      onSubmit={event => {
        event.preventDefault();
        props.onSave();
      }}
    >
      <h2>
        {edited === null
          ? trans.__('Attach a compute target')
          : trans.__('Options of %1', edited)}
      </h2>
      {!form && !state.error && kinds === null && <p>{trans.__('Loading…')}</p>}
      {edited === null && kinds && (
        <AttachKinds
          kinds={kinds}
          chosen={kind}
          trans={trans}
          onChoose={props.onChoose}
        />
      )}
      {form && edited === null && <NameField {...props} id={`${prefix}name`} />}
      {form && validator && (
        <OptionForm
          {...props}
          {...state}
          key={kind}
          prefix={prefix}
          form={form}
          validator={validator}
        />
      )}
      <Refusal {...props} />
      {form && <Deeds {...props} />}
      <AttachChecked {...state} trans={trans} onCancel={props.onCancelTest} />
    </form>
  );
}

function NameField({
  id,
  state,
  trans,
  onName
}: IAttachFormProps & { id: string }): JSX.Element {
  return (
    <div
      className="jp-compute-OptionField"
      data-wrong={state.nameProblem !== ''}
    >
      <label htmlFor={id}>
        {trans.__('Name')}{' '}
        <span className="jp-compute-OptionField-required">
          {trans.__('required')}
        </span>
      </label>
      <input
        id={id}
        className="jp-mod-styled"
        type="text"
        autoComplete="off"
        spellCheck={false}
        value={state.name}
        aria-describedby={`${id}__description ${id}__problem`}
        aria-invalid={state.nameProblem !== ''}
        onChange={({ target }) => onName(target.value)}
      />
      <p id={`${id}__description`} className="jp-compute-OptionField-told">
        {trans.__('Your own name for it.')}
      </p>
      <p
        id={`${id}__problem`}
        className="jp-compute-OptionField-problem"
        aria-live="polite"
      >
        {state.nameProblem}
      </p>
    </div>
  );
}

function Refusal({
  state,
  trans,
  onReplace,
  onRetry
}: IAttachFormProps): JSX.Element | null {
  const { error, rival, form, isSaving } = state;
  if (!error) {
    return null;
  }
  return (
    <>
      <ErrorNotice
        error={error}
        trans={trans}
        onRetry={form ? undefined : onRetry}
      />
      {rival && (
        <button
          type="button"
          className="jp-mod-styled jp-mod-warn"
          disabled={isSaving}
          onClick={onReplace}
        >
          {trans.__('Replace %1', rival)}
        </button>
      )}
    </>
  );
}

function Deeds({ state, trans, onTest }: IAttachFormProps): JSX.Element {
  const { edited, isSaving, isTesting } = state;
  return (
    <div className="jp-compute-AttachForm-actions">
      <button
        type="submit"
        className="jp-mod-styled jp-mod-accept"
        disabled={isSaving}
      >
        {edited === null ? trans.__('Attach') : trans.__('Save')}
      </button>
      <button
        type="button"
        className="jp-mod-styled"
        disabled={isTesting}
        onClick={onTest}
      >
        {trans.__('Test connection')}
      </button>
    </div>
  );
}
