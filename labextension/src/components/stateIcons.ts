import { LabIcon } from '@jupyterlab/ui-components';
import type { RunState } from '../types';
import { SHAPES } from './RunStateIcon';

const ICONS = new Map<RunState, LabIcon>();

/** The shape of a state, where JupyterLab wants an icon of its own sort. */
export function stateIcon(state: RunState): LabIcon {
  const fill = state === 'running' ? 'fill="#616161"' : '';
  const icon =
    ICONS.get(state) ??
    new LabIcon({
      name: `jupyter_compute:${state}`,
      svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16">
  <g fill="none" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">
    <path class="jp-icon3" ${fill} stroke="#616161" d="${SHAPES[state]}"/>
  </g>
</svg>`
    });
  ICONS.set(state, icon);
  return icon;
}
