import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import type { Event } from '@jupyterlab/services';
import type { Api } from '../api';
import { Changes } from '../model/changes';
import { Targets } from '../model/targets';
import type { IChange, IChecked, IKind, ITarget, ITargetInfo } from '../types';

export const trans = nullTranslator.load('jupyter_compute');

/** The event bus, as a test plays it. */
export class Bus {
  readonly stream = new Signal<Bus, Event.Emission>(this);
  private _seq = 0;

  say(change: Partial<IChange>): void {
    this._seq += 1;
    this.stream.emit({
      schema_id: 'https://events.jupyter.org/jupyter_compute/change/v1',
      seq: this._seq,
      time: 0,
      revision: this._seq,
      ...change
    } as unknown as Event.Emission);
  }
}

/** Listen to a bus; its stream is a signal that can be waited for in the real one. */
export function changesOn(bus: Bus): Changes {
  return new Changes(bus as unknown as { stream: Event.Stream });
}

export function targetsOn(api: Partial<Api>, bus = new Bus()): Targets {
  return new Targets(api as Api, changesOn(bus));
}

export function makeInfo(part: Partial<ITargetInfo> = {}): ITargetInfo {
  return {
    resource_id: 'ssh://gpu1:22',
    host: 'gpu1',
    python: '3.12.1',
    cpus: 8,
    gpus: [],
    memory_gb: 64,
    slots: 4,
    facts: {},
    problems: [],
    ...part
  };
}

export function makeTarget(part: Partial<ITarget> = {}): ITarget {
  return {
    name: 'gpu1',
    kind: 'ssh',
    options: { host: 'gpu1' },
    resource_id: 'ssh://gpu1:22',
    info: null,
    checked: null,
    error: null,
    active: {},
    actions: [],
    provisioning: null,
    ...part
  };
}

export function makeKind(part: Partial<IKind> = {}): IKind {
  return {
    kind: 'ssh',
    title: 'A machine by SSH',
    options: {
      type: 'object',
      required: ['host'],
      properties: {
        host: { title: 'Host', type: 'string', minLength: 1 },
        port: {
          title: 'Port',
          type: 'integer',
          minimum: 1,
          default: 22,
          description: 'Where it listens.'
        },
        slots: {
          title: 'Slots',
          group: 'Runs',
          anyOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }],
          default: null
        },
        keep: { title: 'Keep files', type: 'boolean', default: true },
        queue: {
          title: 'Queue',
          group: 'Runs',
          enum: ['short', 'long'],
          default: 'short'
        },
        password: { title: 'Password', type: 'string', format: 'password' },
        key: { title: 'Key', type: 'string', format: 'path', default: '' },
        modules: {
          title: 'Modules',
          type: 'array',
          items: { type: 'string' },
          default: []
        },
        env: {
          title: 'Variables',
          type: 'object',
          additionalProperties: { type: 'string' }
        },
        resources: {
          title: 'Resources',
          type: 'object',
          additionalProperties: { type: 'number' }
        }
      }
    },
    error: null,
    ...part
  };
}

export function makeChecked(part: Partial<IChecked> = {}): IChecked {
  return {
    resource_id: 'ssh://gpu1:22',
    attached_as: '',
    info: makeInfo(),
    error: null,
    ...part
  };
}
