import { EditorView } from '@codemirror/view';
import type { IDisposable } from '@lumino/disposable';
import type { LogDocument } from '../model/log/document';
import {
  MatchCount,
  patternOf,
  seek,
  type ILogQuery,
  type IMatch
} from '../model/log/search';
import type { LogEditor } from './logEditor';
import { setFinding } from './logLooks';

export interface IFound {
  /** Which match the reader is at, from 1 on; 0 when it is not known. */
  place: number;
  total: number;
  /** Whether the total is all there are. */
  isWhole: boolean;
  /** Whether there are too many to count. */
  isFull: boolean;
  /** Whether what is looked for cannot be understood. */
  isInvalid: boolean;
}

export const NOTHING_FOUND: IFound = {
  place: 0,
  total: 0,
  isWhole: true,
  isFull: false,
  isInvalid: false
};

/** So long a slice of counting holds up the page at most. */
const SLICE_MS = 8;

/**
 * Finds text in a log: steps from match to match, and counts them while the log grows.
 */
export class LogFinder implements IDisposable {
  constructor(
    private readonly _editor: LogEditor,
    private readonly _log: LogDocument,
    private readonly _onChange: (found: IFound) => void
  ) {
    _log.changed.connect(this._forget, this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._log.changed.disconnect(this._forget, this);
      window.clearTimeout(this._timer);
    }
  }

  /** Look for something from where the reader is; nothing ends the search. */
  look(query: ILogQuery): void {
    const pattern = patternOf(query);
    this._count = pattern && new MatchCount(pattern);
    this._isInvalid = !pattern && query.text !== '';
    this._seek(this._current?.from ?? this._firstVisible(), true);
    if (!pattern) {
      this._show(null);
    }
    this._work();
  }

  /** Go to the next match or the one before. */
  step(isForward: boolean): void {
    const at = this._current?.from ?? this._firstVisible();
    this._seek(isForward && this._current ? at + 1 : at, isForward);
    this._work();
  }

  private _seek(from: number, isForward: boolean): void {
    const pattern = this._count?.pattern;
    const { doc } = this._editor.view.state;
    const at = Math.min(from, doc.length);
    this._seeking = pattern ? seek(doc, pattern, at, isForward) : null;
  }

  private _show(match: IMatch | null): void {
    const { view } = this._editor;
    this._current = match;
    const pattern = this._count?.pattern ?? null;
    const finding = setFinding.of({ pattern, current: match });
    if (match && match.to <= view.state.doc.length) {
      this._editor.follow(false);
      const goal = EditorView.scrollIntoView(match.from, { y: 'center' });
      view.dispatch({ effects: [finding, goal] });
    } else {
      view.dispatch({ effects: finding });
    }
  }

  private _firstVisible(): number {
    const { view } = this._editor;
    const { top } = view.scrollDOM.getBoundingClientRect();
    return view.lineBlockAtHeight(top - view.documentTop).from;
  }

  private _forget(log: LogDocument, from: number): void {
    if (this._count) {
      this._count.forget(log.text, from);
      this._plan();
    }
  }

  private _plan(): void {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => this._work());
  }

  /** First where the next match is, then how many there are. */
  private _work(): void {
    const until = performance.now() + SLICE_MS;
    while (this._seeking && performance.now() < until) {
      const { done, value } = this._seeking.next();
      if (done) {
        this._seeking = null;
        this._show(value);
      }
    }
    const count = this._count;
    if (!this._seeking) {
      count?.work(this._log.text, until - performance.now());
    }
    this._tell();
    if (this._seeking || (count && !count.isWhole && !count.isFull)) {
      this._plan();
    }
  }

  private _tell(): void {
    const count = this._count;
    this._onChange({
      place: (this._current && count?.placeOf(this._current.from)) ?? 0,
      total: count?.total ?? 0,
      isWhole: count?.isWhole ?? true,
      isFull: count?.isFull ?? false,
      isInvalid: this._isInvalid
    });
  }

  private _count: MatchCount | null = null;
  private _seeking: ReturnType<typeof seek> | null = null;
  private _current: IMatch | null = null;
  private _isInvalid = false;
  private _timer = 0;
  private _isDisposed = false;
}
