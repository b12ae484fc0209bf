import type { JupyterFrontEnd } from '@jupyterlab/application';
import { ReactWidget } from '@jupyterlab/apputils';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { UseSignal } from '@jupyterlab/ui-components';
import type { CodeRenderer } from '../components/Code';
import { RunDetails } from '../components/RunDetails';
import { CommandIDs, type ICompute, type IRunTab } from '../tokens';

/**
 * The tab with all that was asked for, and where and with what it ran.
 */
export function detailsTab(
  app: JupyterFrontEnd,
  { trans }: ICompute,
  rendermime: IRenderMimeRegistry | null
): IRunTab {
  const renderCode = rendermime ? codeRenderer(rendermime) : undefined;
  const openRun = (id: string) =>
    void app.commands.execute(CommandIDs.openRun, { id });
  return {
    id: 'details',
    rank: 100,
    label: trans.__('Details'),
    create: model =>
      ReactWidget.create(
        <UseSignal signal={model.changed}>
          {() =>
            model.run && (
              <RunDetails
                run={model.run}
                trans={trans}
                renderCode={renderCode}
                onOpenRun={openRun}
              />
            )
          }
        </UseSignal>
      )
  };
}

/** Markdown is what JupyterLab colours code in, in the colours of its editors. */
function codeRenderer(rendermime: IRenderMimeRegistry): CodeRenderer {
  return async (code, host) => {
    const ticks = code.match(/`+/g) ?? [];
    const fence = '`'.repeat(Math.max(3, ...ticks.map(one => one.length + 1)));
    const text = `${fence}python\n${code}\n${fence}`;
    const renderer = rendermime.createRenderer('text/markdown');
    await renderer.renderModel(
      rendermime.createModel({ data: { 'text/markdown': text } })
    );
    const coloured = renderer.node.querySelector('pre');
    if (coloured) {
      host.replaceChildren(...coloured.childNodes);
    }
    renderer.dispose();
  };
}
