import type { IOutput } from '@jupyterlab/nbformat';
import {
  OutputArea,
  OutputAreaModel,
  SimplifiedOutputArea
} from '@jupyterlab/outputarea';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { useLayoutEffect, useRef } from 'react';

const SVG = 'image/svg+xml';

export interface IOutputProps {
  /** As a notebook has it. */
  output: IOutput;
  rendermime: IRenderMimeRegistry;
  trans: TranslationBundle;
}

/**
 * An output of a cell as JupyterLab shows it, without trust: what came from elsewhere runs no script here.
 */
export function Output({
  output,
  rendermime,
  trans
}: IOutputProps): JSX.Element {
  const svg = drawing(output);
  return svg === null ? (
    <Rendered output={output} rendermime={rendermime} />
  ) : (
    <img
      className="jp-compute-Output-image"
      src={`data:${SVG};charset=utf-8,${encodeURIComponent(svg)}`}
      alt={trans.__('Drawing')}
    />
  );
}

function Rendered({
  output,
  rendermime
}: Omit<IOutputProps, 'trans'>): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  // Before the element goes, since a widget has to be taken from the page in time.
  useLayoutEffect(() => {
    if (!host.current) {
      return;
    }
    const values = [joined(output)];
    const model = new OutputAreaModel({ values, trusted: false });
    const area = new SimplifiedOutputArea({
      model,
      rendermime,
      contentFactory: OutputArea.defaultContentFactory
    });
    Widget.attach(area, host.current);
    return () => {
      area.dispose();
      model.dispose();
    };
  }, [output, rendermime]);
  return <div ref={host} className="jp-compute-Output" />;
}

/** In a file, a text may be a list of its lines. */
function joined(output: IOutput): IOutput {
  const { text, data } = output;
  const whole: IOutput = { ...output };
  if (text !== undefined) {
    whole.text = join(text);
  }
  if (data) {
    const parts = Object.entries(data).map(([mime, value]) => [
      mime,
      mime.endsWith('json') ? value : join(value)
    ]);
    whole.data = Object.fromEntries(parts);
  }
  return whole;
}

function join<T>(text: T): T | string {
  return Array.isArray(text) ? text.join('') : text;
}

/** A drawing that is rendered as an image, since in the page itself it could hold a script. */
function drawing({ data }: IOutput): string | null {
  const bundle = (data ?? {}) as Record<string, unknown>;
  const svg = bundle[SVG];
  const hasOther = Object.keys(bundle).some(
    mime => mime !== SVG && mime !== 'text/plain'
  );
  if (!svg || hasOther) {
    return null;
  }
  return String(join(svg));
}
