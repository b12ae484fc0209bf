import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useRef } from 'react';
import { CopyButton } from './CopyButton';

/** Puts coloured code into an element. */
export type CodeRenderer = (code: string, host: HTMLElement) => Promise<void>;

export interface ICodeProps {
  code: string;
  label: string;
  trans: TranslationBundle;
  render?: CodeRenderer;
}

/**
 * Python code to read and to copy.
 */
export function Code({ code, label, trans, render }: ICodeProps): JSX.Element {
  const host = useRef<HTMLPreElement>(null);
  useEffect(() => {
    if (host.current) {
      host.current.textContent = code;
      void render?.(code, host.current);
    }
  }, [code, render]);
  return (
    <div className="jp-compute-Code">
      <pre ref={host} tabIndex={0} role="region" aria-label={label} />
      <CopyButton text={code} label={trans.__('Copy the code')} trans={trans} />
    </div>
  );
}
