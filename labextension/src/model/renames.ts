import type { IKeep } from './choices';

const KEY = 'jupyter_compute:renames';
const MOST = 200;

/**
 * Which names a notebook had before: its older runs know it by these.
 */
export class Renames {
  constructor(private readonly _keep: IKeep | null) {}

  /** The notebook's path, then those that it had. */
  async pathsOf(path: string): Promise<string[]> {
    const before = (await this._all()).find(([now]) => now === path)?.[1] ?? [];
    return [path, ...before];
  }

  async rename(from: string, to: string): Promise<string[]> {
    const paths = [to, ...(await this.pathsOf(from))];
    const unique = [...new Set(paths)];
    // What has the old name from now on is another notebook.
    const others = (await this._all()).filter(
      ([now]) => now !== from && now !== to
    );
    this._kept = [[to, unique.slice(1)] as Kept, ...others].slice(0, MOST);
    await this._keep?.save(KEY, this._kept);
    return unique;
  }

  private async _all(): Promise<Kept[]> {
    this._kept ??= ((await this._keep?.fetch(KEY)) as Kept[] | undefined) ?? [];
    return this._kept;
  }

  private _kept: Kept[] | null = null;
}

type Kept = [now: string, before: string[]];
