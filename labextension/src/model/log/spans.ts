/**
 * The looks of all lines in two columns of numbers: a million coloured lines are a few megabytes.
 *
 * Only the end changes: lines are cut off and added there.
 */
export class Spans {
  /** Call for each span of a line: from, to, the look's number. */
  each(line: number, tell: (from: number, to: number, style: number) => void) {
    if (line >= this._count) {
      return;
    }
    const end =
      line + 1 < this._count ? this._starts.at(line + 1) : this._values.length;
    for (let at = this._starts.at(line); at < end; at += 3) {
      tell(
        this._values.at(at),
        this._values.at(at + 1),
        this._values.at(at + 2)
      );
    }
  }

  /** Forget this line and all after it. */
  cut(line: number): void {
    if (line < this._count) {
      this._values.length = this._starts.at(line);
      this._starts.length = line;
    }
  }

  /** Add the next line. */
  add(spans: readonly number[]): void {
    this._starts.push(this._values.length);
    for (const value of spans) {
      this._values.push(value);
    }
  }

  private get _count(): number {
    return this._starts.length;
  }

  private _starts = new Column();
  private _values = new Column();
}

class Column {
  length = 0;

  at(index: number): number {
    return this._numbers[index];
  }

  push(value: number): void {
    if (this.length === this._numbers.length) {
      const larger = new Int32Array(this.length * 2);
      larger.set(this._numbers);
      this._numbers = larger;
    }
    this._numbers[this.length++] = value;
  }

  private _numbers = new Int32Array(1024);
}
