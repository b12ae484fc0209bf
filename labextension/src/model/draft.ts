import type { Distribution } from '../types';
import type { IParameter } from './parameters';

/** What is submitted. Its path is the one that Jupyter shows. */
export type Subject =
  | { type: 'cell'; path: string; code: string; cellId: string }
  | { type: 'notebook'; path: string; parameters: readonly IParameter[] }
  | { type: 'script'; path: string };

/** A name and what stands for it, both as typed. */
export interface IPair {
  name: string;
  value: string;
}

/** How the environment is said: by default, by a file of the folder, or in words. */
export type EnvironmentChoice =
  'default' | 'file' | 'packages' | 'python' | 'image';

/** What was chosen and typed so far. */
export interface IDraft {
  target: string;
  /** The folder that is captured, relative to the one that Jupyter shows. */
  source: string;
  name: string;
  experiment: string;
  /** Parameters of the notebook that differ from what stands in it. */
  params: Record<string, string>;
  moreParams: IPair[];
  args: string;
  environment: EnvironmentChoice;
  /** The file, the packages, the interpreter or the image. */
  environmentText: string;
  cpus: string;
  gpus: string;
  memory: string;
  timeLimit: string;
  nodes: string;
  processes: string;
  distribution: Distribution;
  env: IPair[];
  secrets: IPair[];
  tags: IPair[];
}

/** A draft of a subject in which nothing was chosen. */
export function emptyDraft(path: string, target = 'local'): IDraft {
  return {
    target,
    source: folderOf(path),
    name: '',
    experiment: '',
    params: {},
    moreParams: [],
    args: '',
    environment: 'default',
    environmentText: '',
    cpus: '',
    gpus: '',
    memory: '',
    timeLimit: '',
    nodes: '',
    processes: '',
    distribution: 'none',
    env: [],
    secrets: [],
    tags: []
  };
}

/** The folder of a file; empty for the one that Jupyter shows. */
export function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

/** The folders that hold a file, the nearest first; the last one is what Jupyter shows. */
export function foldersOf(path: string): string[] {
  const folder = folderOf(path);
  return folder ? [folder, ...foldersOf(folder)] : [''];
}

/** A path as it is seen from a folder that holds it. */
export function pathWithin(source: string, path: string): string {
  return source ? path.slice(source.length + 1) : path;
}
