import { LabIcon } from '@jupyterlab/ui-components';
import { RUN_STATES, type RunState } from '../types';

/** A play mark in a machine's frame. */
export const computeIcon = new LabIcon({
  name: 'jupyter_compute:compute',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3 jp-icon-selectable" fill="#616161">
    <path d="M4 4h16a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-6v2h3v2H7v-2h3v-2H4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2zm0 2v9h16V6z"/>
    <path d="M9.5 7.5v6l5-3z"/>
  </g>
</svg>`
});

/** A shape for each state: nobody has to tell colours apart. */
export const RUN_STATE_SHAPES: Record<RunState, string> = {
  queued: 'M8 3v5l3 2M8 1.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13',
  preparing: 'M8 2v8M4.5 7L8 10.5 11.5 7M3 13.5h10',
  running: 'M5 3l8 5-8 5z',
  finalizing: 'M8 10.5v-8M4.5 5.5L8 2l3.5 3.5M3 13.5h10',
  completed: 'M2.5 8.5l3.5 3.5 7.5-8',
  failed: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  canceled: 'M3 3h10v10H3zM3 13L13 3'
};

const STATE_ICONS = new Map(
  RUN_STATES.map(state => [
    state,
    new LabIcon({
      name: `jupyter_compute:${state}`,
      svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16">
  <path class="jp-compute-RunState-shape" data-state="${state}" d="${RUN_STATE_SHAPES[state]}"/>
</svg>`
    })
  ])
);

/** A run's state where JupyterLab wants an icon, such as on a tab. */
export function runStateIcon(state: RunState): LabIcon {
  return STATE_ICONS.get(state) ?? computeIcon;
}

/** Two columns side by side. */
export const compareIcon = new LabIcon({
  name: 'jupyter_compute:compare',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M3 4h8v16H3zm2 2v12h4V6zm8-2h8v16h-8zm2 2v12h4V6z"/>
</svg>`
});
