/** Where the tabs of a browser write down what is done. */
export interface ILedger {
  /**
   * Write down what is not there yet or is older than some time, and return that: of many tabs, one gets a name.
   */
  enter(names: readonly string[], forgetMs: number): Promise<string[]>;
}

interface IEntry {
  name: string;
  when: number;
}

const TOLD = 'told';
const WHEN = 'when';

/**
 * A ledger in the browser's database. What one tab stores locally, another may not see for a while, not even
 * under a lock that both respect; here, writing is one after another in all of them, on unsafe connections, too.
 */
export class BrowserLedger implements ILedger {
  constructor(private readonly _name = 'jupyter_compute') {}

  async enter(names: readonly string[], forgetMs: number): Promise<string[]> {
    const database = await this._open();
    try {
      return await enter(database, names, forgetMs);
    } finally {
      database.close();
    }
  }

  private _open(): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      const asked = window.indexedDB.open(this._name, 1);
      asked.onupgradeneeded = () => {
        const told = asked.result.createObjectStore(TOLD, { keyPath: 'name' });
        told.createIndex(WHEN, WHEN);
      };
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  }
}

function enter(
  database: IDBDatabase,
  names: readonly string[],
  forgetMs: number
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const change = database.transaction(TOLD, 'readwrite');
    const told = change.objectStore(TOLD);
    const when = Date.now();
    const entered: string[] = [];
    for (const name of names) {
      const asked: IDBRequest<IEntry | undefined> = told.get(name);
      asked.onsuccess = () => {
        const entry = asked.result;
        if (!entry || when - entry.when >= forgetMs) {
          told.put({ name, when });
          entered.push(name);
        }
      };
    }
    forget(told, when - forgetMs);
    change.oncomplete = () => resolve(entered);
    change.onabort = () => reject(change.error);
  });
}

function forget(told: IDBObjectStore, before: number): void {
  const old = told.index(WHEN).openKeyCursor(IDBKeyRange.upperBound(before));
  old.onsuccess = () => {
    if (old.result) {
      told.delete(old.result.primaryKey);
      old.result.continue();
    }
  };
}
