import type { Api } from '../api';
import type { IDisplay, IImage, IVariable, Value } from '../types';
import type { PartialJSONObject } from '@lumino/coreutils';
import { Following } from './following';
import type { RunModel } from './run';

/** The images that a run logged under one name, in order. */
export interface IImageSeries {
  name: string;
  images: IImage[];
}

/**
 * What a run has shown: rich outputs, images, tables, lists, variables.
 */
export class RunResults extends Following {
  constructor(
    private readonly _api: Api,
    run: RunModel
  ) {
    super(run);
  }

  /** Rich outputs in order. */
  displays: readonly IDisplay[] = [];
  images: readonly IImageSeries[] = [];
  tables: Readonly<Record<string, PartialJSONObject[]>> = {};
  lists: Readonly<Record<string, Value[]>> = {};
  variables: readonly IVariable[] = [];

  get isEmpty(): boolean {
    return (
      this.displays.length +
        this.images.length +
        Object.keys(this.tables).length +
        Object.keys(this.lists).length +
        this.variables.length ===
      0
    );
  }

  /** Where the bytes of an image are. */
  imageAddress(path: string): string {
    return this._api.resultAddress(this.run.id, path);
  }

  protected async ask(): Promise<void> {
    const { id } = this.run;
    const [displays, images, tables, lists, variables] = await Promise.all([
      this._api.displays(id),
      this._api.images(id),
      this._api.tables(id),
      this._api.lists(id),
      this._api.variables(id)
    ]);
    this.displays = keepSame(this.displays, displays.displays);
    this.images = byName(images.images);
    this.tables = tables.tables;
    this.lists = lists.lists;
    this.variables = Object.values(variables.variables);
  }
}

/** A display that is as it was stays the very same object, so that it is not rendered again. */
function keepSame(
  before: readonly IDisplay[],
  after: readonly IDisplay[]
): IDisplay[] {
  return after.map((display, place) => {
    const old = before[place];
    return old && JSON.stringify(old) === JSON.stringify(display)
      ? old
      : display;
  });
}

function byName(images: readonly IImage[]): IImageSeries[] {
  const found = new Map<string, IImage[]>();
  for (const image of images) {
    found.set(image.name, [...(found.get(image.name) ?? []), image]);
  }
  return [...found].map(([name, images]) => ({ name, images }));
}
