import type { ServerConnection } from '@jupyterlab/services';
import type { PartialJSONObject } from '@lumino/coreutils';
import {
  addressOf,
  requestAPI,
  requestBytes,
  socketAddressOf,
  type IRequest
} from './request';
import type {
  IAttach,
  ICaptured,
  ICells,
  IChanges,
  IChecked,
  IDetachAsked,
  IDifference,
  IDisplays,
  IExplanation,
  IIgnored,
  IImages,
  IKind,
  ILists,
  ILogs,
  IMetrics,
  IOutputs,
  IPeek,
  IPreview,
  IPrompt,
  IPromptAnswer,
  IRun,
  IRunDetails,
  IRunPageQuery,
  IRuns,
  ISizeTree,
  IStatus,
  ISubmit,
  ITables,
  ITarget,
  IVariables,
  IVersion,
  TargetAction
} from './types';

/** A part of a log, and where it stands. */
export interface ILogPart {
  bytes: Uint8Array;
  offset: number;
  nextOffset: number;
  attempt: number;
  /** Whether the run is over, so that nothing comes after what the log has now. */
  isFinal: boolean;
}

/** Which files of a run: those it left, or those it works on. */
export type FileSet = 'outputs' | 'snapshot';

/**
 * Everything the server can be asked, one method an address. Each throws a `ComputeError` when the server says no.
 */
export class Api {
  constructor(readonly settings: ServerConnection.ISettings) {}

  version(frontEnd: string): Promise<IVersion> {
    return this._ask('version', { query: { front_end: frontEnd } });
  }

  status(): Promise<IStatus> {
    return this._ask('status');
  }

  async kinds(): Promise<IKind[]> {
    return (await this._ask<{ kinds: IKind[] }>('kinds')).kinds;
  }

  async targets(): Promise<ITarget[]> {
    return (await this._ask<{ targets: ITarget[] }>('targets')).targets;
  }

  target(name: string): Promise<ITarget> {
    return this._ask(`targets/${name}`);
  }

  attach(body: IAttach): Promise<ITarget> {
    return this._ask('targets', { method: 'POST', body });
  }

  /** Look at a place before it is attached; `name` lends the secrets of a target that is there. */
  checkOptions(
    kind: string,
    options: PartialJSONObject,
    name?: string,
    signal?: AbortSignal
  ): Promise<IChecked> {
    const body = { options, name };
    return this._ask(`kinds/${kind}/check`, { method: 'POST', body, signal });
  }

  updateTarget(name: string, options: PartialJSONObject): Promise<ITarget> {
    return this._ask(`targets/${name}`, { method: 'PATCH', body: { options } });
  }

  detach(name: string, { cancel, purge }: IDetachAsked): Promise<void> {
    const query = { cancel, purge };
    return this._ask(`targets/${name}`, { method: 'DELETE', query });
  }

  check(name: string): Promise<ITarget> {
    return this._ask(`targets/${name}/check`, { method: 'POST' });
  }

  manage(name: string, action: TargetAction): Promise<ITarget> {
    return this._ask(`targets/${name}/${action}`, { method: 'POST' });
  }

  async prompts(): Promise<IPrompt[]> {
    return (await this._ask<{ prompts: IPrompt[] }>('prompts')).prompts;
  }

  answerPrompt(id: string, body: IPromptAnswer): Promise<void> {
    return this._ask(`prompts/${id}`, { method: 'POST', body });
  }

  runs(query: IRunPageQuery, signal?: AbortSignal): Promise<IRuns> {
    return this._ask('runs', { query: { ...query }, signal });
  }

  changes(since: number): Promise<IChanges> {
    return this._ask('changes', { query: { since } });
  }

  /** The last run of each cell of a notebook; its path is the one that Jupyter shows. */
  cells(path: string): Promise<ICells> {
    return this._ask('cells', { query: { path } });
  }

  submit(body: ISubmit): Promise<IRun> {
    return this._ask('runs', { method: 'POST', body });
  }

  run(id: string): Promise<IRunDetails> {
    return this._ask(`runs/${id}`);
  }

  cancel(id: string): Promise<IRun> {
    return this._ask(`runs/${id}/cancel`, { method: 'POST' });
  }

  rerun(id: string): Promise<IRun> {
    return this._ask(`runs/${id}/rerun`, { method: 'POST' });
  }

  deleteRun(id: string): Promise<void> {
    return this._ask(`runs/${id}`, { method: 'DELETE' });
  }

  diff(id: string, other: string): Promise<IDifference> {
    return this._ask(`runs/${id}/diff/${other}`);
  }

  logs(id: string): Promise<ILogs> {
    return this._ask(`runs/${id}/logs`);
  }

  /** A part of a log; a negative offset counts from the end. */
  async log(
    id: string,
    query: { offset: number; limit?: number; name?: string; attempt?: number },
    signal?: AbortSignal
  ): Promise<ILogPart> {
    const { bytes, headers } = await requestBytes(
      this.settings,
      `runs/${id}/log`,
      query,
      signal
    );
    return {
      bytes,
      offset: Number(headers.get('Compute-Offset')),
      nextOffset: Number(headers.get('Compute-Next-Offset')),
      attempt: Number(headers.get('Compute-Attempt')),
      isFinal: headers.get('Compute-Final') === 'true'
    };
  }

  /** The socket on which a log comes from an offset on. */
  followLog(
    id: string,
    query: { offset: number; name?: string; attempt?: number }
  ): WebSocket {
    const url = socketAddressOf(this.settings, `runs/${id}/log/follow`, query);
    const socket = new this.settings.WebSocket(url);
    socket.binaryType = 'arraybuffer';
    return socket;
  }

  metrics(id: string, name?: readonly string[]): Promise<IMetrics> {
    return this._ask(`runs/${id}/metrics`, { query: { name: name ?? [] } });
  }

  displays(id: string): Promise<IDisplays> {
    return this._ask(`runs/${id}/displays`);
  }

  tables(id: string): Promise<ITables> {
    return this._ask(`runs/${id}/tables`);
  }

  lists(id: string): Promise<ILists> {
    return this._ask(`runs/${id}/lists`);
  }

  images(id: string): Promise<IImages> {
    return this._ask(`runs/${id}/images`);
  }

  variables(id: string): Promise<IVariables> {
    return this._ask(`runs/${id}/variables`);
  }

  /** A JSON file under `results/`, such as a large display. */
  result(id: string, path: string): Promise<PartialJSONObject> {
    return this._ask(`runs/${id}/results/file`, { query: { path } });
  }

  resultAddress(id: string, path: string): string {
    return addressOf(this.settings, `runs/${id}/results/file`, { path });
  }

  outputs(id: string): Promise<IOutputs> {
    return this._ask(`runs/${id}/outputs`);
  }

  captured(id: string): Promise<ICaptured> {
    return this._ask(`runs/${id}/snapshot`);
  }

  peek(id: string, of: FileSet, path: string): Promise<IPeek> {
    return this._ask(`runs/${id}/${of}/preview`, { query: { path } });
  }

  fileAddress(id: string, of: FileSet, path: string, download = false): string {
    const query = { path, download: download || undefined };
    return addressOf(this.settings, `runs/${id}/${of}/file`, query);
  }

  zipAddress(id: string, of: FileSet): string {
    return addressOf(this.settings, `runs/${id}/${of}/zip`);
  }

  preview(source: string, signal?: AbortSignal): Promise<IPreview> {
    return this._ask('preview', { query: { source: at(source) }, signal });
  }

  sizeTree(source: string, signal?: AbortSignal): Promise<ISizeTree> {
    return this._ask('preview/tree', { query: { source: at(source) }, signal });
  }

  explain(source: string, path: string): Promise<IExplanation> {
    return this._ask('preview/explain', {
      query: { source: at(source), path }
    });
  }

  /** Leave a file or folder out of a folder's snapshots from now on. */
  ignore(source: string, path: string): Promise<IIgnored> {
    const body = { source: at(source), path };
    return this._ask('preview/ignore', { method: 'POST', body });
  }

  private _ask<T>(path: string, asked?: IRequest): Promise<T> {
    return requestAPI<T>(this.settings, path, asked);
  }
}

/** The folder that Jupyter shows is `.`; an empty query would not be sent. */
function at(source: string): string {
  return source || '.';
}
