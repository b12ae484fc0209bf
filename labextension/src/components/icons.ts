import { LabIcon } from '@jupyterlab/ui-components';

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

/** Two columns side by side. */
export const compareIcon = new LabIcon({
  name: 'jupyter_compute:compare',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" d="M3 4h8v16H3zm2 2v12h4V6zm8-2h8v16h-8zm2 2v12h4V6z"/>
</svg>`
});
