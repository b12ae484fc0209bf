import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { emptyDraft, foldersOf, type IDraft } from './draft';

const KEY = 'jupyter_compute:submit';
const MOST = 50;

/** Where choices are kept over a reload: JupyterLab's state, or a test. */
export interface IKeep {
  fetch(key: string): Promise<unknown>;
  save(key: string, value: ReadonlyPartialJSONValue): Promise<unknown>;
}

/** What was chosen for a file the last time. */
export interface IChosen {
  draft: IDraft;
  /** Whether it is all there: references to secrets are not kept over a reload. */
  isWhole: boolean;
}

interface IKept {
  path: string;
  draft: IDraft;
  hadSecrets: boolean;
}

/**
 * What was chosen at the last submit of each file. References to secrets are known until the page is reloaded only.
 */
export class Choices {
  constructor(private readonly _keep: IKeep | null) {}

  /** The last choices for a file; a new file starts on the target that was used last. */
  async recall(path: string): Promise<IChosen | null> {
    const known = this._session.get(path);
    if (known) {
      return { draft: known, isWhole: true };
    }
    const kept = (await this._all()).find(one => one.path === path);
    return kept
      ? { draft: complete(path, kept.draft), isWhole: !kept.hadSecrets }
      : null;
  }

  /** The target that was used last, for whatever file. */
  async lastTarget(): Promise<string> {
    return (await this._all())[0]?.draft.target ?? '';
  }

  async remember(path: string, draft: IDraft): Promise<void> {
    this._session.set(path, draft);
    const others = (await this._all()).filter(one => one.path !== path);
    const kept: IKept = {
      path,
      draft: { ...draft, secrets: [] },
      hadSecrets: draft.secrets.length > 0
    };
    this._kept = [kept, ...others].slice(0, MOST);
    await this._keep?.save(
      KEY,
      this._kept as unknown as ReadonlyPartialJSONValue
    );
  }

  private async _all(): Promise<IKept[]> {
    this._kept ??=
      ((await this._keep?.fetch(KEY)) as IKept[] | undefined) ?? [];
    return this._kept;
  }

  private _session = new Map<string, IDraft>();
  private _kept: IKept[] | null = null;
}

/** What an older version kept may lack fields. */
function complete(path: string, kept: Partial<IDraft>): IDraft {
  const draft = { ...emptyDraft(path), ...kept, secrets: [] };
  return foldersOf(path).includes(draft.source)
    ? draft
    : { ...draft, source: emptyDraft(path).source };
}
