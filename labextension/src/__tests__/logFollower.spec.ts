import { LogFollower, PACE, type ILogSource } from '../model/log/follower';
import { ComputeError } from '../request';

const encoder = new TextEncoder();

/** A run's logs on a server that can be cut off at any moment. */
class FakeServer implements ILogSource {
  /** What each attempt has printed so far. */
  logs_: Uint8Array[] = [new Uint8Array()];
  isOver = false;
  sockets: FakeSocket[] = [];
  doSocketsOpen = true;
  error: ComputeError | null = null;
  asked = 0;

  print(text: string): void {
    const last = this.logs_.length - 1;
    const bytes = encoder.encode(text);
    this.logs_[last] = new Uint8Array([...this.logs_[last], ...bytes]);
  }

  followLog(_: string, asked: { offset: number; attempt?: number }): WebSocket {
    const socket = new FakeSocket(this, asked.attempt ?? 1, asked.offset);
    this.sockets.push(socket);
    return socket as unknown as WebSocket;
  }

  async logs() {
    return this._answer({
      logs: { log: 0 },
      attempt: this.logs_.length,
      is_final: this.isOver
    });
  }

  async log(_: string, query: { offset: number; attempt?: number }) {
    const { offset, attempt = 1 } = query;
    const bytes = this.logs_[attempt - 1].subarray(offset, offset + 16);
    const nextOffset = offset + bytes.length;
    const isFinal = this.isOver;
    return this._answer({ bytes, offset, nextOffset, attempt, isFinal });
  }

  private _answer<T>(value: T): T {
    this.asked++;
    if (this.error) {
      throw this.error;
    }
    return value;
  }
}

class FakeSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  isClosed = false;

  constructor(
    private readonly _server: FakeServer,
    public attempt: number,
    public offset: number
  ) {
    queueMicrotask(() => {
      if (!this._server.doSocketsOpen || this._server.error) {
        this.onclose?.();
        return;
      }
      this.onopen?.();
      this.say({ type: 'position', attempt, offset });
      this.send();
    });
  }

  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  /** Send what is there, at most so many bytes, and go on with the next attempt if there is one. */
  send(most = Infinity): void {
    const bytes = this._server.logs_[this.attempt - 1];
    const part = bytes.slice(this.offset, this.offset + most);
    this.offset += part.length;
    if (part.length > 0) {
      this.onmessage?.({ data: part.buffer });
    }
    if (this.offset < bytes.length) {
      return;
    }
    if (this.attempt < this._server.logs_.length) {
      this.attempt++;
      this.offset = 0;
      this.say({ type: 'position', attempt: this.attempt, offset: 0 });
      this.send(most);
    } else if (this._server.isOver) {
      const { attempt, offset } = this;
      this.say({ type: 'end', state: 'completed', attempt, offset });
    }
  }

  close(): void {
    this.isClosed = true;
  }

  /** As when the server dies or the network goes. */
  cut(): void {
    this.onclose?.();
  }
}

function setHidden(isHidden: boolean): void {
  Object.defineProperty(document, 'hidden', {
    configurable: true,
    get: () => isHidden
  });
  document.dispatchEvent(new Event('visibilitychange'));
}

describe('a follower', () => {
  let server: FakeServer;
  let follower: LogFollower | undefined;
  let text = '';

  function follow(): LogFollower {
    const decoder = new TextDecoder();
    text = '';
    follower = new LogFollower(server, 'run', 'log');
    follower.received.connect((_, bytes) => {
      text += decoder.decode(bytes, { stream: true });
    });
    follower.attemptBegan.connect((_, attempt) => {
      text += `<${attempt}>`;
    });
    return follower;
  }

  function last(): FakeSocket {
    return server.sockets[server.sockets.length - 1];
  }

  const settle = () => pass(0);

  /** Let time pass little by little, as answers take turns that are not timed. */
  async function pass(milliseconds: number): Promise<void> {
    for (let step = 0; step < 20; step++) {
      await jest.advanceTimersByTimeAsync(milliseconds / 20);
    }
  }

  beforeEach(() => {
    jest.useFakeTimers();
    server = new FakeServer();
  });

  afterEach(() => {
    follower?.dispose();
    jest.useRealTimers();
  });

  it('receives what is there and what comes, until the end', async () => {
    server.print('one\n');
    const found = follow();
    expect(found.state).toBe('connecting');
    await settle();
    expect([found.state, text]).toEqual(['live', 'one\n']);
    server.print('two\n');
    last().send();
    expect(text).toBe('one\ntwo\n');
    server.isOver = true;
    last().send();
    expect(found.state).toBe('ended');
    expect(last().isClosed).toBe(true);
    await pass(PACE.socket * 2);
    expect(server.sockets).toHaveLength(1);
  });

  it('goes on at the exact byte after a cut, wherever it is', async () => {
    const whole = 'é漢🚀 and\r\nmore\n';
    const { length } = encoder.encode(whole);
    for (let at = 0; at <= length; at++) {
      server = new FakeServer();
      follow();
      await settle();
      server.print(whole);
      last().send(at);
      last().cut();
      await pass(PACE.lastRetry);
      expect(text).toBe(whole);
      expect(server.sockets[1].attempt).toBe(1);
      follower?.dispose();
    }
  });

  it('goes on with the attempts that come', async () => {
    server.print('first');
    follow();
    await settle();
    server.logs_.push(new Uint8Array());
    server.print('second');
    last().send();
    last().cut();
    server.logs_.push(new Uint8Array());
    server.print('third');
    server.isOver = true;
    await pass(PACE.lastRetry);
    expect(text).toBe('first<2>second<3>third');
    expect(follower?.state).toBe('ended');
  });

  it('takes nothing from a socket that it has left', async () => {
    follow();
    await settle();
    const old = last();
    window.dispatchEvent(new Event('online'));
    await settle();
    server.print('once');
    old.send();
    last().send();
    expect(text).toBe('once');
  });

  it('tries again, less and less often, and says so', async () => {
    server.print('before ');
    const found = follow();
    await settle();
    server.error = new ComputeError(
      0,
      'NoAnswer',
      'the server does not answer'
    );
    last().cut();
    await pass(PACE.firstRetry * 2);
    expect(found.state).toBe('waiting');
    await pass(60_000);
    expect(found.error?.message).toContain('does not answer');
    expect(server.sockets.length).toBeGreaterThan(4);
    expect(server.sockets.length).toBeLessThan(20);
    server.error = null;
    server.print('after');
    await pass(PACE.lastRetry);
    expect([found.state, found.error]).toEqual(['live', null]);
    expect(text).toBe('before after');
  });

  it('tries again at once when the page is looked at or the network is back', async () => {
    server.error = new ComputeError(503, 'Error', 'busy');
    const found = follow();
    await pass(60_000);
    server.error = null;
    setHidden(true);
    setHidden(false);
    await settle();
    expect(found.state).toBe('live');
  });

  it('does not trust a socket that was out of sight for long', async () => {
    follow();
    await settle();
    setHidden(true);
    await pass(PACE.stale * 2);
    setHidden(false);
    await settle();
    expect(server.sockets).toHaveLength(2);
    expect(server.sockets[0].isClosed).toBe(true);
    expect(follower?.state).toBe('live');
  });

  it('asks every second where sockets do not come through', async () => {
    server.doSocketsOpen = false;
    server.print('a longer text than one answer');
    const found = follow();
    await pass(PACE.polling * 3);
    expect([found.state, text]).toEqual([
      'polling',
      'a longer text than one answer'
    ]);
    const { length } = server.sockets;
    server.print(', and more');
    await pass(PACE.polling * 2);
    expect(text).toBe('a longer text than one answer, and more');
    expect(server.sockets).toHaveLength(length);
    server.logs_.push(new Uint8Array());
    server.print('again');
    server.isOver = true;
    await pass(PACE.polling * 2);
    expect(text).toContain('and more<2>again');
    expect(found.state).toBe('ended');
  });

  it('goes back to a socket when one opens again', async () => {
    server.doSocketsOpen = false;
    const found = follow();
    await pass(PACE.polling * 3);
    server.doSocketsOpen = true;
    await pass(PACE.socket + PACE.polling);
    expect(found.state).toBe('live');
  });

  it('gives up on a socket that hangs', async () => {
    server.print('text');
    const { followLog } = server;
    server.followLog = () => ({ close: () => undefined }) as WebSocket;
    follow();
    await pass(PACE.opening);
    expect(text).toBe('text');
    server.followLog = followLog;
  });

  it('stops when the run is not there any more, until it is asked to try again', async () => {
    const found = follow();
    await settle();
    last().say({
      type: 'error',
      error: 'NotFoundError',
      message: 'there is no run r1',
      hint: ''
    });
    await pass(60_000);
    expect(found.state).toBe('failed');
    expect(found.error?.message).toBe('there is no run r1');
    expect(server.sockets).toHaveLength(1);
    found.retry();
    await settle();
    expect(found.state).toBe('live');
  });

  it('stops when it is not allowed to read', async () => {
    server.error = new ComputeError(403, 'Error', 'not allowed');
    const found = follow();
    await settle();
    expect(found.state).toBe('failed');
  });

  it('asks for nothing after it is disposed of', async () => {
    const found = follow();
    await settle();
    found.dispose();
    const { asked } = server;
    await pass(600_000);
    expect(server.sockets).toHaveLength(1);
    expect(server.asked).toBe(asked);
  });
});
