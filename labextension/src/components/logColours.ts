import { TRUE_COLOUR, type Colour, type IStyle } from '../model/log/styles';

/** How a span is drawn: a class, and colours that no class has. */
export interface ILook {
  className: string;
  css: string;
}

type Rgb = readonly [number, number, number];

/** Enough to read by, as WCAG has it. */
const CONTRAST = 4.5;

/** The backgrounds of the light and the dark theme. */
const LIGHT: Rgb = [255, 255, 255];
const DARK: Rgb = [17, 17, 17];

const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];

const NAMES = [
  ...['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white']
];

/** The 16 colours where they are a background, or stand on one. */
const PALETTE: readonly Rgb[] = [
  ...([
    [0, 0, 0],
    [205, 49, 49],
    [13, 140, 93],
    [198, 160, 10]
  ] as const),
  ...([
    [36, 114, 200],
    [188, 63, 188],
    [17, 140, 170],
    [210, 210, 210]
  ] as const),
  ...([
    [102, 102, 102],
    [241, 76, 76],
    [35, 209, 139],
    [245, 245, 67]
  ] as const),
  ...([
    [59, 142, 234],
    [214, 112, 214],
    [41, 184, 219],
    [255, 255, 255]
  ] as const)
];

/**
 * Say how a look is drawn, so that it can be read in a light and in a dark theme.
 */
export function lookOf(style: IStyle): ILook {
  const classes = ['isBold', 'isDim', 'isItalic', 'isUnderlined', 'isStruck']
    .filter(name => style[name as keyof IStyle])
    .map(name => `jp-compute-Log-${name.slice(2).toLowerCase()}`);
  const [className, css] = coloursOf(style);
  return { className: [...classes, className].filter(Boolean).join(' '), css };
}

function coloursOf(style: IStyle): [string, string] {
  const { foreground, background, isInverse } = style;
  const front = isInverse ? background : foreground;
  const back = isInverse ? foreground : background;
  if (back !== null) {
    return ['', onBackground(front, back)];
  }
  if (isInverse) {
    return ['jp-compute-Log-inverse', ''];
  }
  if (front === null) {
    return ['', ''];
  }
  if (front < TRUE_COLOUR) {
    const bright = front > 7 ? 'bright-' : '';
    return [`jp-compute-Log-${bright}${NAMES[front % 8]}`, ''];
  }
  const light = cssOf(readable(rgbOf(front), LIGHT));
  const dark = cssOf(readable(rgbOf(front), DARK));
  return ['jp-compute-Log-true', `--on-light: ${light}; --on-dark: ${dark}`];
}

function onBackground(front: Colour | null, back: Colour): string {
  const ground = rgbOf(back);
  const shown =
    front === null ? furthest(ground) : readable(rgbOf(front), ground);
  return `color: ${cssOf(shown)}; background: ${cssOf(ground)}`;
}

/** The same colour, as much darker or lighter as it takes to be read. */
function readable(colour: Rgb, ground: Rgb): Rgb {
  const goal = furthest(ground);
  for (let step = 0; step < 20; step++) {
    const share = step / 20;
    const mixed = mix(colour, goal, share);
    if (contrast(mixed, ground) >= CONTRAST) {
      return mixed;
    }
  }
  return goal;
}

function furthest(ground: Rgb): Rgb {
  return contrast(BLACK, ground) > contrast(WHITE, ground) ? BLACK : WHITE;
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const at = (part: 0 | 1 | 2) =>
    Math.round(from[part] + (to[part] - from[part]) * share);
  return [at(0), at(1), at(2)];
}

function contrast(first: Rgb, second: Rgb): number {
  const [dark, light] = [luminance(first), luminance(second)].sort(
    (a, b) => a - b
  );
  return (light + 0.05) / (dark + 0.05);
}

function luminance([red, green, blue]: Rgb): number {
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

function linear(part: number): number {
  const share = part / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

function rgbOf(colour: Colour): Rgb {
  return colour < TRUE_COLOUR
    ? PALETTE[colour]
    : [(colour >> 16) & 255, (colour >> 8) & 255, colour & 255];
}

function cssOf([red, green, blue]: Rgb): string {
  return `rgb(${red}, ${green}, ${blue})`;
}
