import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { cells } from './plugins/cells';
import { compare } from './plugins/compare';
import { core } from './plugins/core';
import { handshake } from './plugins/handshake';
import { launcher } from './plugins/launcher';
import { logView } from './plugins/logView';
import { notifications } from './plugins/notifications';
import { results } from './plugins/results';
import { prompts } from './plugins/prompts';
import { run } from './plugins/run';
import { running } from './plugins/running';
import { runCommands } from './plugins/runCommands';
import { runs } from './plugins/runs';
import { settings } from './plugins/settings';
import { sidebar } from './plugins/sidebar';
import { statusbar } from './plugins/statusbar';
import { submit } from './plugins/submit';
import { targets } from './plugins/targets';

/**
 * Small plugins: each can be switched off, and needs little to be there.
 */
const plugins: JupyterFrontEndPlugin<unknown>[] = [
  core,
  settings,
  sidebar,
  handshake,
  prompts,
  targets,
  runs,
  runCommands,
  compare,
  run,
  logView,
  results,
  submit,
  cells,
  statusbar,
  running,
  notifications,
  launcher
];

export default plugins;
