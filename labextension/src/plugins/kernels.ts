import type { KernelSpec } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

/** What a kernel's definition says when it means the Python that Jupyter itself runs in. */
const JUPYTERS_OWN = /^(python|python3|python3\.\d+)$/;

/**
 * The interpreter of a kernel on this machine; empty if it is Jupyter's own, or not a Python that is known.
 */
export function pythonOf(
  specs: KernelSpec.ISpecModels | null,
  kernel: string
): string {
  const spec = specs?.kernelspecs[kernel];
  const program = spec?.language === 'python' ? spec.argv[0] : '';
  const isPath = program?.startsWith('/') && /\/python[\d.]*$/.test(program);
  return isPath && !JUPYTERS_OWN.test(program) ? program : '';
}

/**
 * Name what code runs in when nothing else is chosen.
 */
export function nameDefault(
  specs: KernelSpec.ISpecModels | null,
  kernel: string,
  isLocal: boolean,
  trans: TranslationBundle
): string {
  const spec = specs?.kernelspecs[kernel];
  if (!isLocal) {
    return trans.__('The target’s own Python');
  }
  return pythonOf(specs, kernel) && spec
    ? trans.__('The kernel’s Python (%1)', spec.display_name)
    : trans.__('Jupyter’s own Python');
}
