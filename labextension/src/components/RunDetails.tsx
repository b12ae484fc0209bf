import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReactNode } from 'react';
import { formatBytes, formatJson, formatMoment } from '../model/format';
import type { IRun } from '../types';
import { Code, type CodeRenderer } from './Code';
import { CopyButton } from './CopyButton';
import { RunEnvironment } from './RunEnvironment';
import { RunVariables } from './RunVariables';

export interface IRunDetailsProps {
  run: IRun;
  trans: TranslationBundle;
  /** Colours code; without it code is plain. */
  renderCode?: CodeRenderer;
  onOpenRun: (id: string) => void;
}

/**
 * Everything that was asked for a run, and where and with what it ran.
 */
export function RunDetails(props: IRunDetailsProps): JSX.Element {
  const { run, trans } = props;
  return (
    <div className="jp-compute-RunDetails">
      <Section title={trans.__('Command')}>
        <CommandOf {...props} />
      </Section>
      <Section title={trans.__('Parameters')} isEmpty={isEmpty(run.params)}>
        <Table
          rows={Object.entries(run.params).map(([name, value]) => [
            name,
            <code key="">{formatJson(value)}</code>
          ])}
        />
      </Section>
      <Section title={trans.__('Environment')}>
        <RunEnvironment run={run} trans={trans} />
      </Section>
      <Section title={trans.__('Asked for')}>
        <Table rows={resourcesOf(run, trans)} />
      </Section>
      <Section title={trans.__('How it went')}>
        <Table rows={courseOf(run, trans)} />
      </Section>
      <Section title={trans.__('Where it came from')}>
        <Table rows={originOf(props)} />
      </Section>
      <Section title={trans.__('Tags')} isEmpty={isEmpty(run.tags)}>
        <Table rows={Object.entries(run.tags)} />
      </Section>
      <Section
        title={trans.__('Environment variables')}
        isEmpty={isEmpty(run.env) && isEmpty(run.secrets)}
      >
        <RunVariables run={run} trans={trans} />
      </Section>
      <Section title={trans.__('Inputs')} isEmpty={!run.inputs.length}>
        <Inputs run={run} trans={trans} />
      </Section>
    </div>
  );
}

interface ISectionProps {
  title: string;
  isEmpty?: boolean;
  children: ReactNode;
}

function Section({
  title,
  isEmpty = false,
  children
}: ISectionProps): JSX.Element | null {
  return isEmpty ? null : (
    <section className="jp-compute-RunDetails-section">
      <h3>{title}</h3>
      {children}
    </section>
  );
}

type Row = readonly [string, ReactNode];

/** Rows of a name and what stands for it; those that have nothing are left out. */
function Table({ rows }: { rows: readonly Row[] }): JSX.Element {
  return (
    <table className="jp-compute-RunDetails-table">
      <tbody>
        {rows
          .filter(([, value]) => value !== '' && value !== null)
          .map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}

function CommandOf({ run, trans, renderCode }: IRunDetailsProps): JSX.Element {
  const { command } = run;
  switch (command.type) {
    case 'cell':
      return (
        <>
          <Code
            code={command.code}
            label={trans.__('The code of the cell')}
            trans={trans}
            render={renderCode}
          />
          <Table
            rows={[
              [trans.__('Notebook'), command.notebook ?? ''],
              [trans.__('Cell'), command.cell_id ?? ''],
              [trans.__('Brings back'), (command.outputs ?? []).join(', ')]
            ]}
          />
        </>
      );
    case 'script':
      return (
        <Table
          rows={[
            [trans.__('Script'), <code key="">{command.path}</code>],
            [trans.__('Arguments'), argv(command.args ?? [])]
          ]}
        />
      );
    case 'notebook':
      return (
        <Table
          rows={[[trans.__('Notebook'), <code key="">{command.path}</code>]]}
        />
      );
    case 'argv':
      return <Table rows={[[trans.__('Program'), argv(command.argv)]]} />;
  }
}

/** Each word apart: where one ends would otherwise be a guess. */
function argv(words: readonly string[]): ReactNode {
  return words.length ? (
    <span className="jp-compute-RunDetails-words">
      {words.map((word, place) => (
        <code key={place}>{word || '""'}</code>
      ))}
    </span>
  ) : (
    ''
  );
}

function resourcesOf(run: IRun, trans: TranslationBundle): Row[] {
  const asked = run.resources;
  const isDefault = trans.__('as the target has it');
  return [
    [trans.__('CPUs'), asked.cpus === null ? isDefault : String(asked.cpus)],
    [trans.__('GPUs'), String(asked.gpus)],
    [
      trans.__('Memory'),
      asked.memory_gb === null ? isDefault : formatBytes(asked.memory_gb * 1e9)
    ],
    [
      trans.__('Time limit'),
      asked.time_limit_min === null
        ? trans.__('none')
        : trans._n('%1 minute', '%1 minutes', asked.time_limit_min)
    ],
    [trans.__('Nodes'), asked.nodes > 1 ? String(asked.nodes) : ''],
    [
      trans.__('Processes per node'),
      asked.processes_per_node > 1 ? String(asked.processes_per_node) : ''
    ],
    [
      trans.__('Distribution'),
      asked.distribution === 'none' ? '' : asked.distribution
    ]
  ];
}

function courseOf(run: IRun, trans: TranslationBundle): Row[] {
  const { facts } = run;
  const moment = (when: number | null) => (when ? formatMoment(when) : '');
  return [
    [trans.__('Submitted'), formatMoment(run.created)],
    [trans.__('Started'), moment(run.started)],
    [trans.__('Ended'), moment(run.ended)],
    [trans.__('Cancel asked for'), canceledOf(run, trans)],
    [trans.__('Host'), facts.host],
    [
      trans.__('Exit code'),
      run.exit_code === null ? '' : String(run.exit_code)
    ],
    [trans.__('Signal'), facts.signal === null ? '' : String(facts.signal)],
    [
      trans.__('Peak memory'),
      facts.peak_memory_bytes === null
        ? ''
        : formatBytes(facts.peak_memory_bytes)
    ],
    [trans.__('Attempt'), String(run.attempt)],
    [trans.__('Job'), run.job_id && <code>{run.job_id}</code>]
  ];
}

function canceledOf(run: IRun, trans: TranslationBundle): string {
  if (run.cancel_requested === null) {
    return '';
  }
  const when = formatMoment(run.cancel_requested);
  return run.canceled_by ? trans.__('%1 by %2', when, run.canceled_by) : when;
}

function originOf({ run, trans, onOpenRun }: IRunDetailsProps): Row[] {
  const link = (id: string | null) =>
    id && (
      <button
        type="button"
        className="jp-compute-Link"
        onClick={() => onOpenRun(id)}
      >
        {id}
      </button>
    );
  return [
    [trans.__('Folder'), <Copied key="" text={run.source} trans={trans} />],
    [
      trans.__('Snapshot'),
      <Copied
        key=""
        text={run.snapshot_id}
        shown={run.snapshot_id.slice(0, 12)}
        trans={trans}
      />
    ],
    ...gitOf(run, trans),
    [trans.__('Rerun of'), link(run.rerun_of)],
    [trans.__('Part of'), link(run.parent_id)],
    [trans.__('Submitted by'), run.facts.submitted_by],
    [trans.__('Version'), run.facts.client_version]
  ];
}

function gitOf({ git }: IRun, trans: TranslationBundle): Row[] {
  if (!git) {
    return [];
  }
  return [
    [trans.__('Repository'), git.repository],
    [trans.__('Branch'), git.branch],
    [
      trans.__('Commit'),
      <>
        <Copied
          text={git.commit}
          shown={git.commit.slice(0, 12)}
          trans={trans}
        />
        {git.dirty && (
          <span> {trans.__('with changes that were not committed')}</span>
        )}
      </>
    ]
  ];
}

interface ICopiedProps {
  text: string;
  shown?: string;
  trans: TranslationBundle;
}

function Copied({ text, shown = text, trans }: ICopiedProps): JSX.Element {
  return (
    <span className="jp-compute-RunDetails-copied">
      <code title={text}>{shown}</code>
      <CopyButton
        text={text}
        label={trans.__('Copy %1', shown)}
        trans={trans}
      />
    </span>
  );
}

interface IInputsProps {
  run: IRun;
  trans: TranslationBundle;
}

function Inputs({ run, trans }: IInputsProps): JSX.Element {
  return (
    <table className="jp-compute-RunDetails-list">
      <thead>
        <tr>
          <th scope="col">{trans.__('Name')}</th>
          <th scope="col">{trans.__('Type')}</th>
          <th scope="col">{trans.__('Size')}</th>
        </tr>
      </thead>
      <tbody>
        {run.inputs.map(({ path, name, type, codec, size }) => (
          <tr key={path}>
            <td>
              <code title={path}>{name || path}</code>
            </td>
            <td>{type || codec}</td>
            <td>{formatBytes(size)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function isEmpty(mapping: object): boolean {
  return Object.keys(mapping).length === 0;
}
