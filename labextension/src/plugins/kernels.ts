import type { KernelSpec } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

/**
 * The interpreter of a kernel on this machine; empty if it is Jupyter's own (a mere `python` means that one), or no Python.
 */
export function pythonOf(
  specs: KernelSpec.ISpecModels | null,
  kernel: string
): string {
  const spec = specs?.kernelspecs[kernel];
  const program = spec?.language === 'python' ? spec.argv[0] : '';
  return /^\/.*\/python[\d.]*$/.test(program) ? program : '';
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
  return spec?.language === 'python'
    ? trans.__('The kernel’s Python (%1)', spec.display_name)
    : trans.__('The Python that Jupyter runs in');
}
