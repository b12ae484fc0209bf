import { LabIcon } from '@jupyterlab/ui-components';

function icon(name: string, path: string): LabIcon {
  return new LabIcon({
    name: `jupyter_compute:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <path class="jp-icon3 jp-icon-selectable" fill="#616161" d="${path}"/>
</svg>`
  });
}

const machine = icon('machine', 'M4 5h16v11H4zm2 2v7h12V7zM2 18h20v2H2z');
const host = icon(
  'host',
  'M4 4h16v7H4zm2 2v3h12V6zm1 .75h2v1.5H7zM4 13h16v7H4zm2 2v3h12v-3zm1 .75h2v1.5H7z'
);
const cluster = icon(
  'cluster',
  'M3 3h8v8H3zm2 2v4h4V5zM13 3h8v8h-8zm2 2v4h4V5zM3 13h8v8H3zm2 2v4h4v-4zM13 13h8v8h-8zm2 2v4h4v-4z'
);
const box = icon(
  'box',
  'M12 2l9 5v10l-9 5-9-5V7zm0 2.3L6.4 7.4 12 10.5l5.6-3.1zM5 9.2v6.6l6 3.4v-6.7zm8 10l6-3.4V9.2l-6 3.3z'
);
const cloud = icon(
  'cloud',
  'M18.5 10.2A6.5 6.5 0 0 0 6.2 8.6 5.5 5.5 0 0 0 7 19.5h11a4.7 4.7 0 0 0 .5-9.3zM18 17.5H7a3.5 3.5 0 0 1 0-7h.8A4.5 4.5 0 0 1 16.6 12H18a2.7 2.7 0 0 1 0 5.5z'
);

const ICONS: Record<string, LabIcon> = {
  local: machine,
  ssh: host,
  slurm: cluster,
  pbs: cluster,
  lsf: cluster,
  htcondor: cluster,
  dask: cluster,
  ray: cluster,
  spark: cluster,
  docker: box,
  kubernetes: box
};

/**
 * A picture for a kind of target; one that nobody here knows is somebody's cloud.
 */
export function kindIcon(kind: string): LabIcon {
  return ICONS[kind] ?? cloud;
}
