import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { cells } from './plugins/cells';
import { compare } from './plugins/compare';
import { core } from './plugins/core';
import { launcher } from './plugins/launcher';
import { notifications } from './plugins/notifications';
import { run } from './plugins/run';
import { running } from './plugins/running';
import { runCommands } from './plugins/runCommands';
import { runs } from './plugins/runs';
import { sidebar } from './plugins/sidebar';
import { statusbar } from './plugins/statusbar';
import { submit } from './plugins/submit';
import { targets } from './plugins/targets';

/**
 * Small plugins: each can be switched off, and needs little to be there.
 */
const plugins: JupyterFrontEndPlugin<unknown>[] = [
  core,
  sidebar,
  targets,
  runs,
  runCommands,
  compare,
  run,
  submit,
  cells,
  statusbar,
  running,
  notifications,
  launcher
];

export default plugins;
