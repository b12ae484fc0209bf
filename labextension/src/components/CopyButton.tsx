import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { checkIcon, copyIcon } from '@jupyterlab/ui-components';
import { useEffect, useState } from 'react';

const TOLD_MS = 2000;

export interface ICopyButtonProps {
  text: string;
  /** Says what is copied. */
  label: string;
  trans: TranslationBundle;
}

/**
 * Copies a text, and says that it did.
 */
export function CopyButton({
  text,
  label,
  trans
}: ICopyButtonProps): JSX.Element {
  const [isCopied, setIsCopied] = useState(false);
  useEffect(() => {
    if (isCopied) {
      const timer = window.setTimeout(() => setIsCopied(false), TOLD_MS);
      return () => window.clearTimeout(timer);
    }
  }, [isCopied]);
  const copy = () => {
    Clipboard.copyToSystem(text);
    setIsCopied(true);
  };
  const Icon = isCopied ? checkIcon : copyIcon;
  return (
    <button
      type="button"
      className="jp-compute-CopyButton"
      title={label}
      onClick={copy}
    >
      <Icon.react tag="span" width="14px" height="14px" aria-hidden="true" />
      <span className="jp-compute-hidden">{label}</span>
      <span className="jp-compute-hidden" role="status">
        {isCopied ? trans.__('Copied') : ''}
      </span>
    </button>
  );
}
