/**
 * Amounts as people write them, read as the command line reads them.
 */

const SPAN =
  /^(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?:in)?)?(?:(\d+(?:\.\d+)?)s)?$/;
const CLOCK = /^(\d+):([0-5]\d)(?::([0-5]\d))?$/;
const AMOUNT = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i;
const GIGABYTES: Record<string, number> = {
  k: 1e-6,
  m: 1e-3,
  '': 1,
  g: 1,
  t: 1e3
};

/** `2h`, `30m`, `1h30m`, `45s`, `2:00:00`, or minutes; `null` if it is no time. */
export function readMinutes(text: string): number | null {
  const word = text.trim().toLowerCase().replaceAll(' ', '');
  if (/^\d+(\.\d+)?$/.test(word)) {
    return positive(Number(word));
  }
  const clock = CLOCK.exec(word);
  if (clock) {
    const [hours, minutes, seconds] = numbers(clock);
    return positive(hours * 60 + minutes + seconds / 60);
  }
  const span = word ? SPAN.exec(word) : null;
  if (!span) {
    return null;
  }
  const [days, hours, minutes, seconds] = numbers(span);
  return positive(days * 1440 + hours * 60 + minutes + seconds / 60);
}

/** `4`, `16 GB`, `500MB`; `null` if it is no amount of memory. */
export function readGigabytes(text: string): number | null {
  const found = AMOUNT.exec(text.trim());
  return found
    ? positive(Number(found[1]) * GIGABYTES[found[2].toLowerCase()])
    : null;
}

/** A number above 0, or `null`. */
export function readPositive(text: string): number | null {
  const word = text.trim();
  return word ? positive(Number(word)) : null;
}

/** A whole number of at least `least`, or `null`. */
export function readCount(text: string, least: number): number | null {
  const word = text.trim();
  return /^\d{1,9}$/.test(word) && Number(word) >= least ? Number(word) : null;
}

/**
 * Split arguments into words as a shell does; `null` if a quote is not closed.
 */
export function readWords(text: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  for (const [, single, double, escaped, gap, plain] of text.matchAll(
    /'([^']*)'|"((?:\\[^]|[^"\\])*)"|\\([^])|(\s+)|([^])/g
  )) {
    if (gap !== undefined) {
      words.push(...(word === null ? [] : [word]));
      word = null;
    } else if (plain === "'" || plain === '"' || plain === '\\') {
      return null;
    } else {
      word =
        (word ?? '') +
        (single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? plain);
    }
  }
  return word === null ? words : [...words, word];
}

function positive(value: number): number | null {
  return value > 0 && Number.isFinite(value) ? value : null;
}

function numbers(match: RegExpExecArray): number[] {
  return match.slice(1).map(part => Number(part ?? 0));
}
