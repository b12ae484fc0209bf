import type { ReactNode } from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import { factName } from '../model/facts';
import { formatJson, formatValue } from '../model/format';
import type { ITarget, ITargetInfo } from '../types';

export interface ITargetFactsProps {
  target: ITarget;
  trans: TranslationBundle;
}

/**
 * What a check found on a target.
 */
export function TargetFacts({ target, trans }: ITargetFactsProps): JSX.Element {
  const { info } = target;
  return (
    <Facts
      rows={[
        [trans.__('Address'), target.resource_id],
        ...(info ? found(info, trans) : [])
      ]}
    />
  );
}

export interface IInfoFactsProps {
  info: ITargetInfo;
  trans: TranslationBundle;
}

/**
 * What a look at a place found.
 */
export function InfoFacts({ info, trans }: IInfoFactsProps): JSX.Element {
  return <Facts rows={found(info, trans)} />;
}

/**
 * A target's options as they were given; secrets come masked.
 */
export function TargetOptions({ target }: ITargetFactsProps): JSX.Element {
  return (
    <Facts
      rows={Object.entries(target.options).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : formatJson(value)
      ])}
    />
  );
}

function found(
  info: ITargetInfo,
  trans: TranslationBundle
): [string, ReactNode][] {
  return [
    [trans.__('Host'), info.host],
    [trans.__('Python'), info.python],
    [trans.__('CPUs'), info.cpus > 0 ? formatValue(info.cpus) : ''],
    [
      trans.__('Memory'),
      info.memory_gb > 0 ? `${formatValue(info.memory_gb)} GB` : ''
    ],
    [trans.__('GPUs'), gpus(info.gpus)],
    [
      trans.__('Runs at once'),
      info.slots === null ? trans.__('as its engine decides') : info.slots
    ],
    ...Object.entries(info.facts).map(([name, value]): [string, string] => [
      factName(name, trans),
      value
    ])
  ];
}

/** Equal ones are counted. */
function gpus(names: readonly string[]): string {
  const counts = new Map<string, number>();
  names.forEach(name => counts.set(name, (counts.get(name) ?? 0) + 1));
  return [...counts]
    .map(([name, count]) => (count > 1 ? `${count} × ${name}` : name))
    .join(', ');
}

function Facts({ rows }: { rows: [string, ReactNode][] }): JSX.Element {
  return (
    <dl className="jp-compute-TargetFacts">
      {rows
        .filter(([, value]) => value !== '')
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
