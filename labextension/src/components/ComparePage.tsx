import type { TranslationBundle } from '@jupyterlab/translation';
import { UseSignal } from '@jupyterlab/ui-components';
import { useState } from 'react';
import type { Comparison } from '../model/compare';
import { compareTable, onlyDifferences } from '../model/compareTable';
import { CompareFiles } from './CompareFiles';
import { CompareTable } from './CompareTable';
import { ErrorNotice } from './ErrorNotice';
import { MetricPlots } from './MetricPlots';

export interface IComparePageProps {
  comparison: Comparison;
  trans: TranslationBundle;
  onOpen: (id: string) => void;
}

/**
 * Two or more runs side by side: what differs, their metrics over each other, their files.
 */
export function ComparePage(props: IComparePageProps): JSX.Element {
  return (
    <UseSignal signal={props.comparison.changed}>
      {() => <Content {...props} />}
    </UseSignal>
  );
}

function Content({ comparison, trans, onOpen }: IComparePageProps) {
  const { runs, series, deleted, error, isLoaded } = comparison;
  const notices = (
    <>
      {error && (
        <ErrorNotice
          error={error}
          trans={trans}
          onRetry={() => void comparison.refresh()}
        />
      )}
      {deleted.length > 0 && (
        <p role="status">
          {trans._n(
            'A run was deleted: %2.',
            '%1 runs were deleted: %2.',
            deleted.length,
            deleted.join(', ')
          )}
        </p>
      )}
    </>
  );
  if (!isLoaded || runs.length === 0) {
    return (
      <div className="jp-compute-ComparePage">
        {notices}
        {!error && !isLoaded && <p>{trans.__('Reading the runs…')}</p>}
      </div>
    );
  }
  return (
    <div className="jp-compute-ComparePage">
      {notices}
      <Differences comparison={comparison} trans={trans} onOpen={onOpen} />
      {series.length > 0 && (
        <section>
          <h2>{trans.__('Metrics')}</h2>
          <MetricPlots series={series} trans={trans} />
        </section>
      )}
      {runs.length > 1 && (
        <section>
          <h2>{trans.__('Files')}</h2>
          <CompareFiles
            runs={runs.map(({ details }) => details.run)}
            pair={comparison.pair}
            difference={comparison.difference}
            error={comparison.differenceError}
            trans={trans}
            onPair={(first, second) => comparison.setPair(first, second)}
          />
        </section>
      )}
    </div>
  );
}

function Differences({ comparison, trans, onOpen }: IComparePageProps) {
  const [hasSame, setSame] = useState(false);
  const details = comparison.runs.map(one => one.details);
  const groups = compareTable(details);
  const shown = hasSame ? groups : onlyDifferences(groups);
  const isSame = shown.every(({ rows }) => rows.length === 0);
  return (
    <section>
      <div className="jp-compute-ComparePage-head">
        <h2>{trans.__('Differences')}</h2>
        <label>
          <input
            type="checkbox"
            checked={!hasSame}
            onChange={event => setSame(!event.target.checked)}
          />
          {trans.__('Only differences')}
        </label>
      </div>
      {isSame && (
        <p>{trans.__('Nothing that is known of these runs differs.')}</p>
      )}
      <CompareTable
        runs={details.map(({ run }) => run)}
        groups={shown}
        hasSame={hasSame}
        trans={trans}
        onOpen={onOpen}
      />
    </section>
  );
}
