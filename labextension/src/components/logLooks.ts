import {
  RangeSetBuilder,
  StateEffect,
  StateField,
  type Extension
} from '@codemirror/state';
import {
  Decoration,
  ViewPlugin,
  type DecorationSet,
  type EditorView,
  type ViewUpdate
} from '@codemirror/view';
import type { LogDocument } from '../model/log/document';
import { matchesIn, type IMatch } from '../model/log/search';
import { lookOf } from './logColours';

/** What is looked for, and the match that the reader is at. */
export interface IFinding {
  pattern: RegExp | null;
  current: IMatch | null;
}

export const setFinding = StateEffect.define<IFinding>();

export const findingField = StateField.define<IFinding>({
  create: () => ({ pattern: null, current: null }),
  update: (value, transaction) =>
    transaction.effects.find(effect => effect.is(setFinding))?.value ?? value
});

/** Only what can be seen is decorated, so a log may have any length. */
function decorated(
  build: (view: EditorView) => DecorationSet,
  isNew: (update: ViewUpdate) => boolean
): Extension {
  return ViewPlugin.define(
    view => ({
      decorations: build(view),
      update(update: ViewUpdate) {
        if (update.docChanged || update.viewportChanged || isNew(update)) {
          this.decorations = build(update.view);
        }
      }
    }),
    { decorations: plugin => plugin.decorations }
  );
}

/** The colours that the log says. */
export function looks(log: LogDocument): Extension {
  const marks = new Map<number, Decoration>();
  const markOf = (id: number) => {
    let mark = marks.get(id);
    if (!mark) {
      const { className, css } = lookOf(log.styles.at(id));
      const attributes = css ? { style: css } : undefined;
      mark = Decoration.mark({ class: className, attributes });
      marks.set(id, mark);
    }
    return mark;
  };
  const divider = Decoration.line({ class: 'jp-compute-Log-divider' });
  return decorated(
    view => {
      const found = new RangeSetBuilder<Decoration>();
      eachVisibleLine(view, (number, start, from, to) => {
        log.spans.each(number - 1, (spanFrom, spanTo, id) => {
          // The log may be ahead of what is drawn.
          const begin = Math.max(from, start + spanFrom);
          const end = Math.min(to, start + spanTo);
          if (begin < end && log.styles.at(id).isDivider) {
            found.add(start, start, divider);
          } else if (begin < end) {
            found.add(begin, end, markOf(id));
          }
        });
      });
      return found.finish();
    },
    () => false
  );
}

/** The matches of what is looked for. */
export const matches: Extension = decorated(
  view => {
    const { pattern, current } = view.state.field(findingField);
    const found = new RangeSetBuilder<Decoration>();
    if (pattern) {
      eachVisibleLine(view, (_, start, from, to) => {
        const text = view.state.sliceDoc(from, to);
        for (const match of matchesIn(text, pattern)) {
          const isCurrent = from + match.from === current?.from;
          const mark = isCurrent ? currentMark : matchMark;
          found.add(from + match.from, from + match.to, mark);
        }
      });
    }
    return found.finish();
  },
  update =>
    update.startState.field(findingField) !== update.state.field(findingField)
);

const matchMark = Decoration.mark({ class: 'jp-compute-Log-match' });

const currentMark = Decoration.mark({
  class: 'jp-compute-Log-match jp-compute-Log-current'
});

/** Tell of each line, or of a part of a very long one: its number, where it starts, and what is seen of it. */
function eachVisibleLine(
  view: EditorView,
  tell: (number: number, start: number, from: number, to: number) => void
): void {
  for (const range of view.visibleRanges) {
    for (let at = range.from; at <= range.to;) {
      const line = view.state.doc.lineAt(at);
      tell(
        line.number,
        line.from,
        Math.max(line.from, range.from),
        Math.min(line.to, range.to)
      );
      at = line.to + 1;
    }
  }
}
