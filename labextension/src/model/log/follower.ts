import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Api } from '../../api';
import { asError, ComputeError, isAborted } from '../../request';
import type { IError } from '../../types';

/** What a follower asks of the server. */
export type ILogSource = Pick<Api, 'followLog' | 'log' | 'logs'>;

/**
 * `live`: it comes as it is written; `polling`: sockets do not come through, so it is asked for every second;
 * `waiting`: there is no answer, and it will be tried again; `failed`: only a person can help.
 */
export type FollowState =
  'connecting' | 'live' | 'polling' | 'waiting' | 'ended' | 'failed';

/** How long things take, in milliseconds. */
export const PACE = {
  /** A proxy may let a socket hang. */
  opening: 15_000,
  polling: 1_000,
  /** When sockets do not come through, one is tried again after this. */
  socket: 60_000,
  firstRetry: 500,
  lastRetry: 15_000,
  /** After so long out of sight a socket may be dead without a word, as when the machine slept. */
  stale: 60_000
};

/** The server sends no more than this in one answer. */
export const LARGEST_PART = 1 << 24;

interface IPosition {
  type: 'position' | 'end';
  attempt: number;
  offset: number;
}

type Message = IPosition | ({ type: 'error' } & IError);

/**
 * Follows a log from its first byte to its last through all cuts: nothing is lost, nothing comes twice.
 */
export class LogFollower implements IDisposable {
  constructor(
    private readonly _source: ILogSource,
    private readonly _id: string,
    private readonly _name: string
  ) {
    document.addEventListener('visibilitychange', this._look);
    window.addEventListener('online', this._hurry);
    void this._follow();
  }

  get state(): FollowState {
    return this._state;
  }

  /** Why it waits or failed. */
  get error(): IError | null {
    return this._error;
  }

  /** Which attempt's log is read, and how much of it has come. */
  get position(): Readonly<{ attempt: number; offset: number }> {
    return { attempt: this._attempt, offset: this._offset };
  }

  /** The next bytes of the log. */
  get received(): ISignal<this, Uint8Array> {
    return this._received;
  }

  /** The log of another attempt begins. */
  get attemptBegan(): ISignal<this, number> {
    return this._attemptBegan;
  }

  get stateChanged(): ISignal<this, void> {
    return this._stateChanged;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    document.removeEventListener('visibilitychange', this._look);
    window.removeEventListener('online', this._hurry);
    this._abort.abort();
    this._cut();
    this._wake();
    Signal.clearData(this);
  }

  /** Try again now, also after it failed. */
  retry(): void {
    if (this._state === 'failed') {
      this._failures = 0;
      this._setState('connecting');
      void this._follow();
    } else {
      this._wake();
    }
  }

  private async _follow(): Promise<void> {
    while (!this._isOver) {
      const isBlocked = performance.now() < this._socketFrom;
      const hasOpened = !isBlocked && (await this._listen());
      if (this._isOver) {
        return;
      }
      if (!hasOpened) {
        await this._ask();
      } else if (!this._isHurried) {
        this._failures++;
        this._setState('waiting', this._error);
      }
      if (!this._isOver && !this._isHurried) {
        await this._pause();
      }
      this._isHurried = false;
    }
  }

  /** Read from a socket until it is cut. Answers whether it opened at all. */
  private _listen(): Promise<boolean> {
    return new Promise(resolve => {
      const { _attempt: attempt, _offset: offset, _name: name } = this;
      const query = { offset, attempt, name };
      const socket = this._source.followLog(this._id, query);
      let hasOpened = false;
      const timer = window.setTimeout(() => this._cut(), PACE.opening);
      this._cut = () => {
        window.clearTimeout(timer);
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close();
        this._cut = () => undefined;
        resolve(hasOpened);
      };
      socket.onopen = () => {
        window.clearTimeout(timer);
        hasOpened = true;
        this._refusals = 0;
      };
      socket.onmessage = event => this._hear(event.data);
      socket.onclose = () => this._cut();
    });
  }

  private _hear(data: unknown): void {
    if (typeof data !== 'string') {
      this._take(new Uint8Array(data as ArrayBuffer));
      return;
    }
    const message = JSON.parse(data) as Message;
    if (message.type === 'error') {
      this._fail(message, message.error === 'NotFoundError');
      this._cut();
      return;
    }
    this._failures = 0;
    this._begin(message.attempt, message.offset);
    this._setState(message.type === 'end' ? 'ended' : 'live');
    if (this._isOver) {
      this._cut();
    }
  }

  /** Read all there is without a socket; it also learns why there is none, which a browser does not say. */
  private async _ask(): Promise<void> {
    try {
      // Asked first: what it says of the run was true before the log was read to its end.
      const { attempt, is_final: isFinal } = await this._source.logs(this._id);
      await this._drain();
      this._failures = 0;
      this._noteRefusal();
      if (attempt > this._attempt) {
        this._begin(this._attempt + 1, 0);
        this._setState('polling');
        await this._ask();
      } else {
        this._setState(isFinal ? 'ended' : 'polling');
      }
    } catch (thrown) {
      if (!isAborted(thrown) && !this._isDisposed) {
        this._failures++;
        this._fail(asError(thrown), isHopeless(thrown));
      }
    }
  }

  /** The server answers, and no socket opened. Once may be chance, as when it just came back. */
  private _noteRefusal(): void {
    const now = performance.now();
    if (now >= this._socketFrom && ++this._refusals > 1) {
      this._socketFrom = now + PACE.socket;
    }
  }

  private async _drain(): Promise<void> {
    for (;;) {
      const { _attempt: attempt, _offset: offset, _name: name } = this;
      const query = { offset, attempt, name, limit: LARGEST_PART };
      const { signal } = this._abort;
      const part = await this._source.log(this._id, query, signal);
      if (part.bytes.length === 0 || this._isDisposed) {
        return;
      }
      this._take(part.bytes);
    }
  }

  private _take(bytes: Uint8Array): void {
    this._offset += bytes.length;
    this._received.emit(bytes);
  }

  private _begin(attempt: number, offset: number): void {
    const isNew = attempt !== this._attempt;
    this._attempt = attempt;
    this._offset = offset;
    if (isNew) {
      this._attemptBegan.emit(attempt);
    }
  }

  private _fail(error: IError, isHopeless: boolean): void {
    this._setState(isHopeless ? 'failed' : 'waiting', error);
  }

  private _setState(state: FollowState, error: IError | null = null): void {
    if (state !== this._state || error !== this._error) {
      this._state = state;
      this._error = error;
      this._stateChanged.emit();
    }
  }

  /** Wait before the next try: longer each time, and not in step with other pages. */
  private _pause(): Promise<void> {
    const wait =
      this._state === 'polling'
        ? PACE.polling
        : Math.min(PACE.lastRetry, PACE.firstRetry * 2 ** this._failures);
    return new Promise(resolve => {
      const timer = window.setTimeout(
        () => this._wake(),
        wait * (0.5 + Math.random() / 2)
      );
      this._wake = () => {
        window.clearTimeout(timer);
        this._wake = () => undefined;
        resolve();
      };
    });
  }

  private get _isOver(): boolean {
    return (
      this._isDisposed || this._state === 'ended' || this._state === 'failed'
    );
  }

  private _look = (): void => {
    if (document.hidden) {
      this._hiddenAt = performance.now();
    } else if (performance.now() - this._hiddenAt > PACE.stale) {
      this._hurry();
    } else {
      this._wake();
    }
  };

  /** A network that came back may have left the socket dead, and an end to waiting is worth a try. */
  private _hurry = (): void => {
    this._failures = 0;
    this._isHurried = true;
    this._cut();
    this._wake();
  };

  private _state: FollowState = 'connecting';
  private _error: IError | null = null;
  private _attempt = 1;
  private _offset = 0;
  private _failures = 0;
  private _refusals = 0;
  private _isHurried = false;
  /** No socket is tried before this moment. */
  private _socketFrom = 0;
  private _hiddenAt = 0;
  private _cut: () => void = () => undefined;
  private _wake: () => void = () => undefined;
  private _abort = new AbortController();
  private _isDisposed = false;
  private _received = new Signal<this, Uint8Array>(this);
  private _attemptBegan = new Signal<this, number>(this);
  private _stateChanged = new Signal<this, void>(this);
}

/** Whether the server itself says no, and would say so again. */
function isHopeless(thrown: unknown): boolean {
  return (
    thrown instanceof ComputeError &&
    ([400, 401, 403].includes(thrown.status) ||
      thrown.error === 'NotFoundError')
  );
}
