import { Handshake, VERSION } from '../model/handshake';
import { ComputeError } from '../request';
import { FakeWorkspace } from './ambientFakes';

const ADVICE = 'reload the page';

describe('the handshake', () => {
  let workspace: FakeWorkspace;
  let handshake: Handshake;

  beforeEach(() => {
    jest.useFakeTimers();
    workspace = new FakeWorkspace();
    const { api, changes, status } = workspace;
    handshake = new Handshake(api, changes, status);
  });

  afterEach(() => {
    handshake.dispose();
    jest.useRealTimers();
  });

  function answer(status: number): void {
    workspace.version = async () => {
      throw new ComputeError(status, status ? 'Error' : 'NoAnswer', 'no');
    };
  }

  it('tells the version of the front end, and hears what to do', async () => {
    const told: string[] = [];
    workspace.version = async version => {
      told.push(version);
      return { version: 'other', api: 1, controller: null, advice: ADVICE };
    };
    await handshake.shake();
    expect(told).toEqual([VERSION]);
    expect(VERSION).toMatch(/^\d+\.\d+\.\d+/);
    expect(handshake.state).toBe('ready');
    expect(handshake.advice).toBe(ADVICE);
    expect(handshake.isPageOther).toBe(true);
  });

  it('knows a Jupyter server without our part', async () => {
    answer(404);
    await handshake.shake();
    expect(handshake.state).toBe('missing');
  });

  it('knows a server that says no, and why', async () => {
    answer(403);
    await handshake.shake();
    expect(handshake.state).toBe('refusing');
    expect(handshake.error?.message).toBe('no');
  });

  it('takes a proxy without a server behind it for no server', async () => {
    answer(502);
    await handshake.shake();
    expect(handshake.state).toBe('unreachable');
  });

  it('goes on by itself when the server is back, and has everything asked for again', async () => {
    const caught: string[] = [];
    workspace.changes.missed.connect(() => caught.push('missed'));
    answer(0);
    await handshake.shake();
    expect(handshake.state).toBe('unreachable');
    await jest.advanceTimersByTimeAsync(5_000);
    workspace.version = async version => ({
      version,
      api: 1,
      controller: null,
      advice: ''
    });
    await jest.advanceTimersByTimeAsync(30_000);
    expect(handshake.state).toBe('ready');
    expect(handshake.isPageOther).toBe(false);
    expect(caught).toEqual(['missed']);
  });

  it('notices that a server is gone when others do', async () => {
    await handshake.shake();
    expect(handshake.state).toBe('ready');
    answer(0);
    workspace.api.status = async () => {
      throw new ComputeError(0, 'NoAnswer', 'the server does not answer');
    };
    await workspace.status.refresh();
    await jest.advanceTimersByTimeAsync(0);
    expect(handshake.state).toBe('unreachable');
  });
});
