import type { TranslationBundle } from '@jupyterlab/translation';
import { FormComponent } from '@jupyterlab/ui-components';
import type { PartialJSONObject, ReadonlyJSONObject } from '@lumino/coreutils';
import type { RJSFSchema, UiSchema, ValidatorType } from '@rjsf/utils';
import { useMemo } from 'react';
import type { IOptionForm, OptionInput } from '../model/optionForm';
import type { IOptionContext } from './OptionContext';
import { OptionField, OptionGroups } from './OptionField';
import {
  AreaInput,
  ChoiceInput,
  LinesInput,
  PathInput,
  SecretInput,
  SwitchInput,
  TextInput
} from './OptionInputs';
import { PairsInput } from './PairsInput';

const TEMPLATES = {
  FieldTemplate: OptionField,
  ObjectFieldTemplate: OptionGroups,
  BaseInputTemplate: TextInput
};

const WIDGETS: Partial<Record<OptionInput, UiSchema>> = {
  choice: { 'ui:widget': ChoiceInput },
  switch: { 'ui:widget': SwitchInput },
  secret: { 'ui:widget': SecretInput },
  path: { 'ui:widget': PathInput },
  textarea: { 'ui:widget': AreaInput },
  lines: { 'ui:widget': LinesInput },
  pairs: { 'ui:field': PairsInput }
};

export interface IOptionFormProps {
  /** The beginning of all ids, so that two forms do not share one. */
  prefix: string;
  form: IOptionForm;
  validator: ValidatorType;
  data: PartialJSONObject;
  problems: Readonly<Record<string, string>>;
  kept: ReadonlySet<string>;
  trans: TranslationBundle;
  onChange: (data: PartialJSONObject) => void;
  /** Somebody leaves an option. */
  onTouch: (name: string) => void;
  onBrowse: ((path: string) => Promise<string | null>) | null;
}

/**
 * The form for the options of a kind of target, from their JSON Schema.
 */
export function OptionForm(props: IOptionFormProps): JSX.Element {
  const { prefix, form, data, onChange, onTouch } = props;
  const options = useMemo(
    () => new Map(form.options.map(option => [option.name, option])),
    [form]
  );
  const uiSchema = useMemo(
    () =>
      Object.fromEntries(
        form.options.map(({ name, input }) => [name, WIDGETS[input] ?? {}])
      ),
    [form]
  );
  const context: IOptionContext = { ...props, options, groups: form.groups };
  return (
    <FormComponent
      tagName="div"
      idPrefix={prefix}
      schema={form.schema as RJSFSchema}
      uiSchema={uiSchema}
      validator={props.validator}
      formData={data as ReadonlyJSONObject}
      formContext={context}
      templates={TEMPLATES}
      noValidate
      showErrorList={false}
      onChange={event => onChange((event.formData ?? {}) as PartialJSONObject)}
      onBlur={id => onTouch(id.slice(prefix.length + 1))}
    />
  );
}
