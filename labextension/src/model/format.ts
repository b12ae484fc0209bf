/**
 * Numbers as people read them.
 */

/** `1.5 GB`; units of 1000, as file managers and Azure have them. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  for (const unit of ['B', 'kB', 'MB', 'GB', 'TB']) {
    if (Math.abs(value) < 999.5 || unit === 'TB') {
      const digits = unit === 'B' || Math.abs(value) >= 99.95 ? 0 : 1;
      return `${value.toFixed(digits)} ${unit}`;
    }
    value /= 1000;
  }
  return '';
}

/** `0.4 s`, `12 s`, `3 min 05 s`, `2 h 07 min`, `3 d 4 h`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, seconds);
  if (whole < 9.95) {
    return `${whole.toFixed(1)} s`;
  }
  const s = Math.round(whole);
  if (s < 60) {
    return `${s} s`;
  }
  if (s < 3600) {
    return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  }
  if (s < 86_400) {
    return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
  }
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** The time of day for today, else the date, in the reader's own way. */
export function formatTime(
  seconds: number,
  locale?: string,
  now = new Date()
): string {
  const when = new Date(seconds * 1000);
  const isToday = when.toDateString() === now.toDateString();
  return isToday
    ? when.toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit' })
    : when.toLocaleDateString(locale, {
        day: 'numeric',
        month: 'short',
        year: when.getFullYear() === now.getFullYear() ? undefined : 'numeric'
      });
}

/** Date and time to the second. */
export function formatMoment(seconds: number, locale?: string): string {
  return new Date(seconds * 1000).toLocaleString(locale);
}

/** Four significant digits; text, such as `nan`, as it is. */
export function formatValue(value: number | string): string {
  if (typeof value === 'string') {
    return value;
  }
  if (Number.isInteger(value) && Math.abs(value) < 1e9) {
    return String(value);
  }
  return String(Number(value.toPrecision(4)));
}

/** Any JSON value on one line. */
export function formatJson(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
