import { ServerConnection } from '@jupyterlab/services';
import {
  addressOf,
  asError,
  ComputeError,
  isAborted,
  requestAPI,
  socketAddressOf
} from '../request';

interface IReply {
  status?: number;
  text?: string;
}

/** Settings whose server is a function; what was asked is kept. */
function serving(reply: (request: Request) => IReply | Promise<IReply>) {
  const asked: { url: string; method: string; body: unknown }[] = [];
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://hub/user/me/',
    wsUrl: 'ws://hub/user/me/',
    token: 's3cret',
    appendToken: true,
    Request: class {
      readonly headers = Object.assign(new Map(), { append: () => undefined });
      constructor(
        readonly url: string,
        readonly init: RequestInit
      ) {}
    } as unknown as typeof Request,
    Headers: Map as unknown as typeof Headers,
    fetch: async (request: unknown) => {
      const { url, init } = request as { url: string; init: RequestInit };
      asked.push({ url, method: init.method ?? '', body: init.body });
      const { status = 200, text = '{}' } = await reply(request as Request);
      return {
        ok: status < 400,
        status,
        statusText: 'as it is',
        text: async () => text,
        json: async () => JSON.parse(text)
      } as Response;
    }
  });
  return { settings, asked };
}

describe('addresses', () => {
  const { settings } = serving(() => ({}));

  it('stand below the base URL, with what is set of the query', () => {
    const query = { text: 'a b&c', state: ['queued', 'failed'], target: '' };
    expect(addressOf(settings, 'runs', { ...query, cursor: undefined })).toBe(
      'http://hub/user/me/compute/runs?text=a+b%26c&state=queued&state=failed'
    );
  });

  it('of sockets carry the token where headers cannot', () => {
    const url = socketAddressOf(settings, 'runs/r1/log/follow', { offset: 0 });
    expect(url).toBe(
      'ws://hub/user/me/compute/runs/r1/log/follow?offset=0&token=s3cret'
    );
  });
});

describe('a request', () => {
  it('sends JSON and returns JSON', async () => {
    const { settings, asked } = serving(() => ({ text: '{"id": "r1"}' }));
    const request = { method: 'POST', body: { source: '.' } } as const;
    expect(await requestAPI(settings, 'runs', request)).toEqual({ id: 'r1' });
    expect(asked[0].method).toBe('POST');
    expect(asked[0].body).toBe('{"source":"."}');
  });

  it('returns nothing where there is nothing to return', async () => {
    const { settings } = serving(() => ({ status: 204, text: '' }));
    expect(await requestAPI(settings, 'runs/r1')).toBeUndefined();
  });

  it('throws what the server says', async () => {
    const said = { error: 'NotFoundError', message: 'no r9', hint: 'r8?' };
    const { settings } = serving(() => ({
      status: 404,
      text: JSON.stringify(said)
    }));
    const thrown = await requestAPI(settings, 'runs/r9').catch(error => error);
    expect(thrown).toBeInstanceOf(ComputeError);
    expect(thrown).toMatchObject({ ...said, status: 404 });
  });

  it('throws the status when a proxy answers with a page', async () => {
    const { settings } = serving(() => ({ status: 502, text: '<html>' }));
    const thrown = await requestAPI(settings, 'runs').catch(error => error);
    expect(thrown).toMatchObject({ status: 502, message: '502 as it is' });
  });

  it('says so when there is no answer', async () => {
    const { settings } = serving(() => Promise.reject(new TypeError('down')));
    const thrown = await requestAPI(settings, 'runs').catch(error => error);
    expect(thrown).toMatchObject({ status: 0, error: 'NoAnswer' });
    expect(thrown.message).toContain('down');
  });

  it('that was given up is told from one that failed', async () => {
    const aborter = new AbortController();
    const { settings } = serving(() => {
      aborter.abort();
      return Promise.reject(new TypeError('cut'));
    });
    const signal = aborter.signal;
    const asking = requestAPI(settings, 'runs', { signal });
    expect(isAborted(await asking.catch(error => error))).toBe(true);
  });
});

it('whatever is thrown can be shown', () => {
  expect(asError('odd').message).toBe('odd');
  expect(asError(new Error('known')).message).toBe('known');
  const error = new ComputeError(409, 'ConflictError', 'taken', 'replace it');
  expect(asError(error)).toBe(error);
});
