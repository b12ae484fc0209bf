import type { IOutput } from '@jupyterlab/nbformat';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { memo, useMemo } from 'react';
import type { IDisplay } from '../types';
import { Output } from './Output';
import { WhenSeen } from './WhenSeen';

export interface IDisplaysProps {
  displays: readonly IDisplay[];
  rendermime: IRenderMimeRegistry;
  trans: TranslationBundle;
}

/**
 * What a run has displayed, in order.
 */
export function Displays({
  displays,
  rendermime,
  trans
}: IDisplaysProps): JSX.Element {
  return (
    <ol className="jp-compute-Displays" aria-label={trans.__('Displays')}>
      {displays.map((display, place) => (
        <li key={place}>
          <WhenSeen>
            <Display display={display} rendermime={rendermime} trans={trans} />
          </WhenSeen>
        </li>
      ))}
    </ol>
  );
}

interface IDisplayProps {
  display: IDisplay;
  rendermime: IRenderMimeRegistry;
  trans: TranslationBundle;
}

const Display = memo(function Display({
  display,
  rendermime,
  trans
}: IDisplayProps): JSX.Element {
  const output = useMemo(
    () =>
      ({
        output_type: 'display_data',
        data: display.data,
        metadata: display.metadata
      }) as IOutput,
    [display]
  );
  const isHere = Object.keys(display.data).length > 0;
  return isHere ? (
    <Output output={output} rendermime={rendermime} trans={trans} />
  ) : (
    <p className="jp-compute-FilePreview-note">
      {trans.__('This display is large and has not arrived yet.')}
    </p>
  );
});
