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
    if (store) await done(store.put({ session, index, chorus }));
  }

  /** The choruses of a session, in their order. */
  async choruses(session) {
    const store = await this.#store("readonly");
    if (!store) return [];
    const range = IDBKeyRange.bound([session, 0], [session, Infinity]);
    return (await done(store.getAll(range))).map(({ chorus }) => chorus);
  }

  /** `{session, choruses}` of each session, the latest first, by their ids; old ones are
   * deleted. */
  async sessions() {
    const store = await this.#store("readonly");
    if (!store) return [];
    const counts = new Map();
    for (const [session] of await done(store.getAllKeys())) {
      counts.set(session, (counts.get(session) ?? 0) + 1);
    }
    const sorted = [...counts.keys()].sort((one, other) => begun(other) - begun(one));
    for (const session of sorted.splice(KEPT_SESSIONS)) await this.remove(session);
    return sorted.map((session) => ({ session, choruses: counts.get(session) }));
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

/** A new name of a session, which holds the time at which it begins. */
export function newSession() {
  return `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
}

/** The time at which a session began, in milliseconds. */
export function begun(session) {
  return parseInt(session, 36);
}

async function opened() {
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
