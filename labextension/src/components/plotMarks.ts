/**
 * How lines of several runs are told apart: by dash and marker first, then by colour.
 */

/** The theme's own colours, those that differ most first. */
const COLORS = [
  '--jp-brand-color1',
  '--jp-warn-color1',
  '--jp-mirror-editor-operator-color',
  '--jp-success-color1',
  '--jp-error-color1',
  '--jp-info-color1',
  '--jp-mirror-editor-number-color',
  '--jp-ui-font-color1'
];

const DASHES: readonly number[][] = [
  [],
  [7, 3],
  [2, 3],
  [9, 3, 2, 3],
  [14, 4],
  [4, 2, 4, 6],
  [1, 5]
];

/** Outlines around (0, 0), for SVG and canvas. */
const MARKERS = [
  'M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0z',
  'M-3-3h6v6h-6z',
  'M0-4l4 7h-8z',
  'M0-4.5l4.5 4.5-4.5 4.5-4.5-4.5z',
  'M0 4l4-7h-8z',
  'M-4 0h8M0-4v8',
  'M-3-3l6 6M3-3l-6 6',
  'M0-4.5l2.7 8.2-7-5h8.6l-7 5z',
  'M-4-2.5h8v5h-8z'
];

export interface IMark {
  /** The name of a custom property of the theme. */
  color: string;
  dash: number[];
  marker: string;
}

/** How the lines of the run at a place look; the counts share no divisor, so that looks come again late. */
export function markOf(place: number): IMark {
  return {
    color: COLORS[place % COLORS.length],
    dash: DASHES[place % DASHES.length],
    marker: MARKERS[place % MARKERS.length]
  };
}
