import type { TranslationBundle } from '@jupyterlab/translation';

const PARTITION = 'partition ';

/**
 * Name a fact about a target in the reader's language; one that another package's kind tells of stays as it is.
 */
export function factName(name: string, trans: TranslationBundle): string {
  if (name.startsWith(PARTITION)) {
    return trans.__('partition %1', name.slice(PARTITION.length));
  }
  return new Map(known(trans)).get(name) ?? name;
}

function known(trans: TranslationBundle): [string, string][] {
  return [...ofHosts(trans), ...ofEngines(trans)];
}

function ofHosts(trans: TranslationBundle): [string, string][] {
  return [
    ['clock', trans._p('fact', 'clock')],
    ['conda', trans._p('fact', 'conda')],
    ['containers', trans._p('fact', 'containers')],
    ['disk free', trans._p('fact', 'disk free')],
    ['file system', trans._p('fact', 'file system')],
    ['folder', trans._p('fact', 'folder')],
    ['gpu driver', trans._p('fact', 'gpu driver')],
    ['gpu memory', trans._p('fact', 'gpu memory')],
    ['gpus in use', trans._p('fact', 'gpus in use')],
    ['interpreter', trans._p('fact', 'interpreter')],
    ['load', trans._p('fact', 'load')],
    ['login', trans._p('fact', 'login')],
    ['platform', trans._p('fact', 'platform')],
    ['round trip', trans._p('fact', 'round trip')],
    ['user', trans._p('fact', 'user')]
  ];
}

function ofEngines(trans: TranslationBundle): [string, string][] {
  return [
    ['accounting', trans._p('fact', 'accounting')],
    ['accounts', trans._p('fact', 'accounts')],
    ['applications', trans._p('fact', 'applications')],
    ['batches', trans._p('fact', 'batches')],
    ['cores', trans._p('fact', 'cores')],
    ['deploy mode', trans._p('fact', 'deploy mode')],
    ['jobs in the queue', trans._p('fact', 'jobs in the queue')],
    ['master', trans._p('fact', 'master')],
    ['nodes', trans._p('fact', 'nodes')],
    ['resources', trans._p('fact', 'resources')],
    ['sessions', trans._p('fact', 'sessions')],
    ['shared folder', trans._p('fact', 'shared folder')],
    ['spark web page', trans._p('fact', 'spark web page')],
    ['staging', trans._p('fact', 'staging')],
    ['workers', trans._p('fact', 'workers')]
  ];
}
