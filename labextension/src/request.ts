import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { IError } from './types';

export type QueryValue = string | number | boolean | null | undefined;
export type Query = Record<string, QueryValue | readonly string[]>;

export interface IRequest {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
}

/**
 * What the server said when it said no. `status` is 0 when there was no answer.
 */
export class ComputeError extends Error implements IError {
  constructor(
    readonly status: number,
    readonly error: string,
    message: string,
    readonly hint = ''
  ) {
    super(message);
    this.name = error;
  }
}

/**
 * Whether an error only says that a request was given up by the one who made it.
 */
export function isAborted(error: unknown): boolean {
  return (error as Partial<Error> | null)?.name === 'AbortError';
}

/**
 * Bring whatever was thrown into the one shape that is shown.
 */
export function asError(thrown: unknown): IError {
  if (thrown instanceof ComputeError) {
    return thrown;
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { error: 'Error', message, hint: '' };
}

/**
 * Return the address of something below `/compute`, with the query that is set.
 */
export function addressOf(
  settings: ServerConnection.ISettings,
  path: string,
  query: Query = {}
): string {
  return URLExt.join(settings.baseUrl, 'compute', path) + queryString(query);
}

/**
 * Return the address of a WebSocket below `/compute`; a token goes along if the server wants one.
 */
export function socketAddressOf(
  settings: ServerConnection.ISettings,
  path: string,
  query: Query = {}
): string {
  const token =
    settings.appendToken && settings.token ? settings.token : undefined;
  return (
    URLExt.join(settings.wsUrl, 'compute', path) +
    queryString({ ...query, token })
  );
}

/**
 * Ask the server.
 *
 * @throws {ComputeError} It said no, or there was no answer.
 */
export async function requestAPI<T>(
  settings: ServerConnection.ISettings,
  path: string,
  { method = 'GET', query, body, signal }: IRequest = {}
): Promise<T> {
  const response = await answer(settings, path, {
    method,
    query,
    body,
    signal
  });
  if (response.status === 204) {
    return undefined as T;
  }
  return (await response.json()) as T;
}

/**
 * Ask the server for bytes, with the headers that say where they stand.
 */
export async function requestBytes(
  settings: ServerConnection.ISettings,
  path: string,
  query: Query,
  signal?: AbortSignal
): Promise<{ bytes: Uint8Array; headers: Headers }> {
  const response = await answer(settings, path, { query, signal });
  return {
    bytes: new Uint8Array(await response.arrayBuffer()),
    headers: response.headers
  };
}

async function answer(
  settings: ServerConnection.ISettings,
  path: string,
  { method, query, body, signal }: IRequest
): Promise<Response> {
  const init: RequestInit = { method, signal };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'Content-Type': 'application/json' };
  }
  let response: Response;
  try {
    response = await ServerConnection.makeRequest(
      addressOf(settings, path, query),
      init,
      settings
    );
  } catch (thrown) {
    if (isAborted(thrown) || signal?.aborted) {
      throw new DOMException('the request was given up', 'AbortError');
    }
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ComputeError(0, 'NoAnswer', `the server does not answer: ${why}`);
  }
  if (!response.ok) {
    throw await refusal(response);
  }
  return response;
}

async function refusal(response: Response): Promise<ComputeError> {
  const text = await response.text();
  try {
    const { error, message, hint } = JSON.parse(text) as Partial<IError>;
    return new ComputeError(
      response.status,
      error ?? 'Error',
      message ?? response.statusText,
      hint ?? ''
    );
  } catch {
    return new ComputeError(
      response.status,
      'Error',
      `${response.status} ${response.statusText}`
    );
  }
}

function queryString(query: Query): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) {
      value.forEach(one => parts.append(name, one));
    } else if (value !== undefined && value !== null && value !== '') {
      parts.append(name, String(value));
    }
  }
  const text = parts.toString();
  return text && `?${text}`;
}
