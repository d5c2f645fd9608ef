/** A session: the choruses that were played, as docs/protocol.md writes them down. */

import { newSession } from "./archive.js";

const FORMAT = "djmodel session";
const VERSION = 1;

/** Fires "change" when something was played or restored. */
export class Session extends EventTarget {
  id = newSession();
  title = "";
  choruses = [];
  soundfont = null; // id of one that was sent to the server
  #archive;

  constructor(archive) {
    super();
    this.#archive = archive;
  }

  get isEmpty() {
    return !this.choruses.length;
  }

  /** Adds a chorus `{changes, settings, before, melody, trades?}` and returns its number. */
  add(chorus) {
    this.choruses.push(chorus);
    this.#kept(this.choruses.length - 1);
    return this.choruses.length - 1;
  }

  /** Adds a trade to chorus `index`. */
  addTrade(index, trade) {
    const chorus = this.choruses[index];
    chorus.trades = [...(chorus.trades ?? []), trade];
    this.#kept(index);
  }

  /** Sets what a trade of chorus `index` that begins at `bar` is in notation. */
  setMelody(index, bar, melody) {
    const trade = this.choruses[index]?.trades?.find((each) => each.bar === bar);
    if (!trade) return;
    trade.melody = melody;
    this.#kept(index);
  }

  /** Begins a new session; the one before stays in the archive. */
  clear() {
    this.id = newSession();
    this.title = "";
    this.choruses = [];
    this.#changed();
  }

  /** The object to save, with the settings of the page. */
  toObject(settings) {
    const { title, choruses, soundfont } = this;
    return { [FORMAT]: VERSION, title: title || "Session", choruses, soundfont, page: settings };
  }

  /** Takes the place of this session. Returns the settings of the page in it. Throws an Error with
   * a sentence for what is not a session. */
  restore(object) {
    if (object?.[FORMAT] !== VERSION || !Array.isArray(object.choruses)) {
      throw new Error("This is not a saved session of this page");
    }
    if (!object.choruses.every(isChorus)) throw new Error("The saved session is damaged");
    this.clear();
    this.title = String(object.title ?? "").slice(0, 200);
    for (const chorus of object.choruses) this.choruses.push(chorus);
    this.choruses.forEach((_, index) => this.#kept(index));
    this.#changed();
    return object.page;
  }

  /** The session `id` of the archive in place of this one. */
  async reopen(id) {
    const choruses = await this.#archive.choruses(id);
    Object.assign(this, { id, title: "", choruses });
    this.#changed();
  }

  #kept(index) {
    this.#archive.put(this.id, index, this.choruses[index]).catch(() => {});
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** Whether the page can work with a chorus; the server checks what is in it. */
function isChorus(chorus) {
  const { changes, settings, melody, trades = [] } = chorus ?? {};
  return (
    typeof changes === "string" &&
    typeof settings === "object" && settings !== null &&
    [melody, trades].every(Array.isArray) &&
    trades.every((trade) => Array.isArray(trade?.melody) && Number.isInteger(trade.bar))
  );
}

/** An object as the fragment of a link: JSON, deflated, in base64url. */
export async function toFragment(object) {
  const bytes = await piped(new Blob([JSON.stringify(object)]), new CompressionStream("deflate-raw"));
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export async function fromFragment(fragment) {
  const text = atob(fragment.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  const unpacked = await piped(new Blob([bytes]), new DecompressionStream("deflate-raw"));
  return JSON.parse(new TextDecoder().decode(unpacked));
}

async function piped(blob, stream) {
  const answer = new Response(blob.stream().pipeThrough(stream));
  return new Uint8Array(await answer.arrayBuffer());
}
