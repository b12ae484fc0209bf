import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { PartialJSONObject } from '@lumino/coreutils';
import type { ReactNode } from 'react';
import type { IImageSeries } from '../model/results';
import type { IDisplay, IVariable, Value } from '../types';
import { Displays } from './Displays';
import { ImageSeries } from './ImageSeries';
import { ResultLists } from './ResultLists';
import { ResultTable, Variables } from './ResultTables';

export interface IResultsViewProps {
  displays: readonly IDisplay[];
  images: readonly IImageSeries[];
  tables: Readonly<Record<string, PartialJSONObject[]>>;
  lists: Readonly<Record<string, Value[]>>;
  variables: readonly IVariable[];
  imageAddress: (path: string) => string;
  rendermime: IRenderMimeRegistry;
  trans: TranslationBundle;
}

/**
 * What a run has shown, section by section; a section without content is left out.
 */
export function ResultsView(props: IResultsViewProps): JSX.Element {
  const { displays, images, lists, tables, variables, trans } = props;
  return (
    <div className="jp-compute-Results">
      <Section title={trans.__('Displays')} isShown={displays.length > 0}>
        <Displays
          displays={displays}
          rendermime={props.rendermime}
          trans={trans}
        />
      </Section>
      <Section title={trans.__('Images')} isShown={images.length > 0}>
        <div className="jp-compute-Results-images">
          {images.map(series => (
            <ImageSeries
              key={series.name}
              series={series}
              address={props.imageAddress}
              trans={trans}
            />
          ))}
        </div>
      </Section>
      {Object.entries(tables).map(([name, rows]) => (
        <Section key={name} title={trans.__('Table %1', name)} isShown>
          <ResultTable name={name} rows={rows} trans={trans} />
        </Section>
      ))}
      <Section
        title={trans.__('Lists')}
        isShown={Object.keys(lists).length > 0}
      >
        <ResultLists lists={lists} trans={trans} />
      </Section>
      <Section title={trans.__('Variables')} isShown={variables.length > 0}>
        <Variables variables={variables} trans={trans} />
      </Section>
    </div>
  );
}

interface ISectionProps {
  title: string;
  isShown: boolean;
  children: ReactNode;
}

function Section({
  title,
  isShown,
  children
}: ISectionProps): JSX.Element | null {
  return isShown ? (
    <section aria-label={title}>
      <h2>{title}</h2>
      {children}
    </section>
  ) : null;
}
