/**
 * Folders and files with their sizes, as a tree.
 */
import type { IExcluded, ISizeEntry } from '../types';

export type SizeOrder = 'size' | 'name';

/** A folder or file; a folder's path ends with a slash. */
export interface ISizeNode {
  path: string;
  name: string;
  isFolder: boolean;
  files: number;
  bytes: number;
  /** The rule that leaves it out, if one does; its size is then not known. */
  excluded: IExcluded | null;
  parent: ISizeNode | null;
  children: ISizeNode[];
}

/** A node that is in sight, and where it stands. */
export interface ISizeRow {
  node: ISizeNode;
  /** 1 for what stands right below the root. */
  level: number;
  position: number;
  siblings: number;
  isOpen: boolean;
}

/** Build the tree; the entry with the empty path is the whole. */
export function sizeTree(
  entries: readonly ISizeEntry[],
  excluded: readonly IExcluded[] = []
): ISizeNode {
  const nodes = new Map<string, ISizeNode>();
  const root = node('', null);
  nodes.set('', root);
  for (const { path, files, bytes } of entries) {
    const found = reach(nodes, path);
    found.files = files;
    found.bytes = bytes;
  }
  for (const rule of excluded) {
    const found = nodes.get(rule.path) ?? nodes.get(`${rule.path}/`);
    if (!found) {
      reach(nodes, rule.path).excluded = rule;
    }
  }
  return root;
}

/** The rows to show, given which folders are open. */
export function sizeRows(
  root: ISizeNode,
  open: ReadonlySet<string>,
  order: SizeOrder
): ISizeRow[] {
  const rows: ISizeRow[] = [];
  const add = (folder: ISizeNode, level: number) => {
    const children = [...folder.children].sort(ORDERS[order]);
    children.forEach((node, place) => {
      const isOpen = node.children.length > 0 && open.has(node.path);
      rows.push({
        node,
        level,
        position: place + 1,
        siblings: children.length,
        isOpen
      });
      if (isOpen) {
        add(node, level + 1);
      }
    });
  };
  add(root, 1);
  return rows;
}

/** The folders to open at first: down to where there is a choice. */
export function firstOpen(root: ISizeNode): Set<string> {
  const open = new Set<string>();
  let [only, ...others] = root.children;
  while (only?.isFolder && others.length === 0) {
    open.add(only.path);
    [only, ...others] = only.children;
  }
  return open;
}

/** The folders that a path stands in. */
export function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    if (at + 1 < path.length) {
      folders.push(path.slice(0, at + 1));
    }
  }
  return folders;
}

const byName = (a: ISizeNode, b: ISizeNode) =>
  Number(b.isFolder) - Number(a.isFolder) ||
  a.name.localeCompare(b.name, undefined, { numeric: true });

const ORDERS: Record<SizeOrder, (a: ISizeNode, b: ISizeNode) => number> = {
  name: byName,
  size: (a, b) =>
    Number(!!a.excluded) - Number(!!b.excluded) ||
    b.bytes - a.bytes ||
    byName(a, b)
};

function node(path: string, parent: ISizeNode | null): ISizeNode {
  const isFolder = path === '' || path.endsWith('/');
  return {
    path,
    name: path.slice(parent?.path.length ?? 0, isFolder ? -1 : undefined),
    isFolder,
    files: 0,
    bytes: 0,
    excluded: null,
    parent,
    children: []
  };
}

function reach(nodes: Map<string, ISizeNode>, path: string): ISizeNode {
  const known = nodes.get(path);
  if (known) {
    return known;
  }
  const end = path.lastIndexOf('/', path.length - 2);
  const parent = reach(nodes, path.slice(0, end + 1));
  const made = node(path, parent);
  parent.children.push(made);
  nodes.set(path, made);
  return made;
}
