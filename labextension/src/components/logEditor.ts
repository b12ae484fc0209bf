import {
  Compartment,
  EditorState,
  type Extension,
  type StateEffect
} from '@codemirror/state';
import {
  EditorView,
  keymap,
  lineNumbers,
  type KeyBinding
} from '@codemirror/view';
import type { IDisposable } from '@lumino/disposable';
import type { LogDocument } from '../model/log/document';
import { findingField, looks, matches } from './logLooks';

export interface ILogEditorOptions {
  host: HTMLElement;
  log: LogDocument;
  /** What who listens hears of it. */
  label: string;
  isFollowing: boolean;
  /** Where it was scrolled to when it was shown before. */
  place?: StateEffect<unknown>;
  isWrapped: boolean;
  hasLineNumbers: boolean;
  keys: readonly KeyBinding[];
  /** Whether it follows the end, and how many lines have come below since it does not. */
  onFollow: (isFollowing: boolean, unseen: number) => void;
}

/** How long after a key or a turn of the wheel a move is the reader's own. */
const GESTURE_MS = 800;

/** After it has drawn it rests for so many times as long: a flood of lines leaves the page to the reader. */
const REST = 4;

/** So near to the end is at the end. */
const NEAR_PX = 8;

/**
 * Shows a log as it grows, a frame at a time, however long it is.
 */
export class LogEditor implements IDisposable {
  constructor(private readonly _options: ILogEditorOptions) {
    const { host, log, isFollowing, place } = _options;
    this._isFollowing = isFollowing;
    this.view = new EditorView({
      parent: host,
      scrollTo: isFollowing ? undefined : place,
      state: EditorState.create({
        doc: log.text,
        extensions: this._extensions()
      })
    });
    log.changed.connect(this._hear, this);
    const { scrollDOM } = this.view;
    scrollDOM.addEventListener('scroll', this._onScroll, { passive: true });
    for (const name of GESTURES) {
      scrollDOM.addEventListener(name, this._onGesture, { passive: true });
    }
    window.addEventListener('pointerup', this._onRelease);
    if (isFollowing) {
      this._toEnd();
    }
  }

  readonly view: EditorView;

  get isFollowing(): boolean {
    return this._isFollowing;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._options.log.changed.disconnect(this._hear, this);
      window.removeEventListener('pointerup', this._onRelease);
      window.clearTimeout(this._timer);
      cancelAnimationFrame(this._frame);
      this.view.destroy();
    }
  }

  /** Go to the end and stay there, or stay where it is. */
  follow(isWanted: boolean): void {
    this._setFollowing(isWanted);
    if (isWanted) {
      this._toEnd();
    }
  }

  /** Be right after it was out of sight. */
  refresh(): void {
    this.view.requestMeasure();
    if (this._isFollowing) {
      this._toEnd();
    }
  }

  /** Wrap long lines, number them. */
  configure(isWrapped: boolean, hasLineNumbers: boolean): void {
    this.view.dispatch({
      effects: [
        this._wrapping.reconfigure(isWrapped ? EditorView.lineWrapping : []),
        this._numbers.reconfigure(hasLineNumbers ? numbers : [])
      ]
    });
    this.refresh();
  }

  private _extensions(): Extension {
    const { log, label, keys, isWrapped, hasLineNumbers } = this._options;
    return [
      EditorState.readOnly.of(true),
      EditorView.editable.of(false),
      EditorView.contentAttributes.of({ tabindex: '0', 'aria-label': label }),
      EditorView.scrollHandler.of(view => this._scrollToEnd(view)),
      this._wrapping.of(isWrapped ? EditorView.lineWrapping : []),
      this._numbers.of(hasLineNumbers ? numbers : []),
      findingField,
      looks(log),
      matches,
      keymap.of([{ key: 'Mod-a', run: selectAll }, ...keys])
    ];
  }

  private _hear(_: LogDocument, from: number): void {
    this._newFrom = Math.min(this._newFrom, from);
    if (this._frame === 0 && this._timer === 0) {
      const rest = this._restUntil - performance.now();
      this._timer = window.setTimeout(() => {
        this._timer = 0;
        this._frame = requestAnimationFrame(() => this._draw());
      }, rest);
    }
  }

  private _draw(): void {
    const { log, onFollow } = this._options;
    const from = this._newFrom;
    const began = performance.now();
    this._frame = 0;
    const to = this.view.state.doc.length;
    this.view.dispatch({
      changes: { from, to, insert: log.text.slice(from) },
      effects: this._isFollowing ? this._endAt(log.text.length) : []
    });
    this._newFrom = Infinity;
    const now = performance.now();
    this._restUntil = now + (now - began) * REST;
    if (!this._isFollowing) {
      onFollow(false, this._unseen);
    }
  }

  private _toEnd(): void {
    const { length } = this.view.state.doc;
    this.view.dispatch({ effects: this._endAt(length) });
  }

  private _endAt(length: number): StateEffect<unknown> {
    this._isGoingToEnd = true;
    return EditorView.scrollIntoView(length, { y: 'end' });
  }

  /** To the last line, without going sideways to its last character. */
  private _scrollToEnd(view: EditorView): boolean {
    if (this._isGoingToEnd) {
      this._isGoingToEnd = false;
      view.scrollDOM.scrollTop = view.scrollDOM.scrollHeight;
      return true;
    }
    return false;
  }

  private get _unseen(): number {
    return Math.max(0, this._options.log.lineCount - this._seen);
  }

  private _setFollowing(isFollowing: boolean): void {
    if (isFollowing !== this._isFollowing) {
      this._isFollowing = isFollowing;
      this._seen = this._options.log.lineCount;
      this._options.onFollow(isFollowing, 0);
    }
  }

  private _onScroll = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = this.view.scrollDOM;
    const isUp = scrollTop < this._top;
    this._top = scrollTop;
    if (clientHeight === 0) {
      return;
    }
    const isNear = scrollHeight - clientHeight - scrollTop < NEAR_PX;
    if (isNear && !isUp) {
      this._setFollowing(true);
    } else if (!isNear && isUp && this._isGesture) {
      this._setFollowing(false);
    }
  };

  /** Heights that are measured anew move the log, too; only a person turns away from the end. */
  private get _isGesture(): boolean {
    return this._isPressed || performance.now() - this._touchedAt < GESTURE_MS;
  }

  private _onGesture = (event: Event): void => {
    this._touchedAt = performance.now();
    this._isPressed ||= event.type === 'pointerdown';
    const { scrollHeight, clientHeight } = this.view.scrollDOM;
    if (isUpwards(event) && scrollHeight > clientHeight) {
      // At once: what is drawn in the meantime would take the reader back to the end.
      this._setFollowing(false);
    }
  };

  private _onRelease = (): void => {
    this._isPressed = false;
  };

  private _wrapping = new Compartment();
  private _numbers = new Compartment();
  private _isFollowing: boolean;
  private _seen = 0;
  private _top = 0;
  private _touchedAt = -Infinity;
  private _isPressed = false;
  private _isGoingToEnd = false;
  private _newFrom = Infinity;
  private _frame = 0;
  private _timer = 0;
  private _restUntil = 0;
  private _isDisposed = false;
}

/** The last line is often only where the next text goes. */
const numbers = lineNumbers({
  formatNumber: (number, { doc }) =>
    number === doc.lines && doc.line(number).length === 0 ? '' : `${number}`
});

const GESTURES = ['wheel', 'keydown', 'pointerdown', 'touchmove'] as const;

function selectAll(view: EditorView): boolean {
  view.dispatch({ selection: { anchor: 0, head: view.state.doc.length } });
  return true;
}

function isUpwards(event: Event): boolean {
  return event instanceof WheelEvent
    ? event.deltaY < 0
    : event instanceof KeyboardEvent &&
        ['ArrowUp', 'PageUp', 'Home'].includes(event.key);
}
