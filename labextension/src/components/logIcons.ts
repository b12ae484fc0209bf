import { LabIcon } from '@jupyterlab/ui-components';

function drawn(name: string, path: string): LabIcon {
  return new LabIcon({
    name: `jupyter_compute:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 16 16"><path class="jp-compute-Log-stroke" d="${path}"/></svg>`
  });
}

/** A line that turns back at the edge. */
export const wrapIcon = drawn(
  'wrap',
  'M2 3.5h12M2 8h9.5a2.25 2.25 0 0 1 0 4.5H8M2 12.5h3M9.8 10.5l-2 2 2 2'
);

/** Down to the end. */
export const followIcon = drawn(
  'follow',
  'M8 2v8.5M4.2 7L8 10.8 11.8 7M3 14h10'
);
