import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReactNode } from 'react';
import type { IPrompt } from '../types';

export interface IPromptFormProps {
  prompt: IPrompt;
  trans: TranslationBundle;
}

/**
 * A question that a target asks, and a place for the answer. It is read from the field once and kept nowhere else.
 */
export function PromptForm({ prompt, trans }: IPromptFormProps): JSX.Element {
  const id = `jp-compute-prompt-${prompt.id}`;
  return (
    <div className="jp-compute-PromptForm">
      <p className="jp-compute-PromptForm-who">
        {prompt.target
          ? trans.__('Target %1 asks:', prompt.target)
          : trans.__('The place that is being looked at asks:')}
      </p>
      {prompt.again && (
        <p className="jp-compute-PromptForm-again" role="alert">
          {trans.__('The last answer was not accepted.')}
        </p>
      )}
      {prompt.type === 'confirm' ? (
        <p className="jp-compute-PromptForm-message">{words(prompt.message)}</p>
      ) : (
        <>
          <label className="jp-compute-PromptForm-message" htmlFor={id}>
            {prompt.message}
          </label>
          <input
            id={id}
            className="jp-mod-styled"
            type={prompt.type === 'secret' ? 'password' : 'text'}
            autoComplete="off"
            spellCheck={false}
          />
        </>
      )}
    </div>
  );
}

/** Fingerprints are compared letter by letter. */
function words(message: string): ReactNode[] {
  return message
    .split(/(SHA256:[\w+/=]+|MD5(?::[\da-f]{2}){16})/)
    .map((part, place) =>
      place % 2 === 1 ? <code key={place}>{part}</code> : part
    );
}
