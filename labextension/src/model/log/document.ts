import { Text } from '@codemirror/state';
import { Signal, type ISignal } from '@lumino/signaling';
import { Spans } from './spans';
import { Styles } from './styles';
import { Terminal } from './terminal';

/**
 * A log as it is read: bytes go in, text and its looks come out.
 */
export class LogDocument {
  readonly styles = new Styles();
  readonly spans = new Spans();

  /** All of it. Its last line is the one that is written to, often an empty one. */
  get text(): Text {
    return this._text;
  }

  /** The lines that have something in them. */
  get lineCount(): number {
    const { lines } = this._text;
    return this._text.line(lines).length > 0 ? lines : lines - 1;
  }

  /** Emitted with the place from which on the text is new. */
  get changed(): ISignal<this, number> {
    return this._changed;
  }

  write(bytes: Uint8Array): void {
    this._terminal.write(this._decoder.decode(bytes, { stream: true }));
    this._apply();
  }

  /** Set a line apart, such as one that says where an attempt begins. */
  divide(label: string): void {
    this._terminal.write(this._decoder.decode());
    this._terminal.divide(label);
    this._apply();
  }

  private _apply(): void {
    const delta = this._terminal.lines.take();
    if (!delta) {
      return;
    }
    this.spans.cut(delta.line);
    delta.lines.forEach(line => this.spans.add(line.spans));
    const from = this._text.line(delta.line + 1).from + delta.column;
    const [first, ...rest] = delta.lines.map(line => line.text);
    const added = Text.of([first.slice(delta.column), ...rest]);
    this._text = this._text.replace(from, this._text.length, added);
    this._changed.emit(from);
  }

  private _text = Text.empty;
  private _decoder = new TextDecoder();
  private _terminal = new Terminal(this.styles);
  private _changed = new Signal<this, number>(this);
}
