/** What was played, in the browser's own database, so that nothing is lost when a page is closed,
 * reloaded or crashes. Each session is one record per chorus. */

const NAME = "djmodel";
const STORE = "choruses";
const KEPT_SESSIONS = 20;

export class Archive {
  #database; // promise, null where the browser keeps nothing

  constructor() {
    this.#database = opened().catch(() => null);
  }

  /** Keeps chorus number `index` of a session. */
  async put(session, index, chorus) {
    const store = await this.#store("readwrite");
    if (store) await done(store.put({ session, index, chorus, kept: Date.now() }));
  }

  /** The choruses of a session, in their order. */
  async choruses(session) {
    const store = await this.#store("readonly");
    if (!store) return [];
    const range = IDBKeyRange.bound([session, 0], [session, Infinity]);
    return (await done(store.getAll(range))).map(({ chorus }) => chorus);
  }

  /** `{session, choruses, kept}` of each session, the latest first; old ones are deleted. */
  async sessions() {
    const store = await this.#store("readonly");
    if (!store) return [];
    const found = new Map();
    for (const { session, kept } of await done(store.getAll())) {
      const { choruses = 0 } = found.get(session) ?? {};
      found.set(session, { session, choruses: choruses + 1, kept });
    }
    const sorted = [...found.values()].sort((one, other) => other.kept - one.kept);
    for (const { session } of sorted.splice(KEPT_SESSIONS)) await this.remove(session);
    return sorted;
  }

  async remove(session) {
    const store = await this.#store("readwrite");
    if (store) await done(store.delete(IDBKeyRange.bound([session, 0], [session, Infinity])));
  }

  async #store(mode) {
    const database = await this.#database;
    return database?.transaction(STORE, mode).objectStore(STORE);
  }
}

function opened() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(STORE, { keyPath: ["session", "index"] });
  };
  return done(request);
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
