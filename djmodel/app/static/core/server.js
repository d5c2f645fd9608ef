/** Requests of docs/protocol.md. */

const PROTOCOL = 1;
const SECONDS = { models: 20, chart: 10, tune: 60, solo: 30, answer: 20, sheet: 60, export: 600 };
const RETRY_MILLISECONDS = 4000;

/** A request that the server refuses: one sentence, a hint, the field that is wrong. */
export class Refusal extends Error {
  constructor({ message, hint = "", field = null }, status) {
    super(message);
    Object.assign(this, { hint, field, status });
  }
}

/** The server cannot be reached. */
export class ServerGone extends Error {
  constructor() {
    super("The server does not answer");
  }
}

/** Fires "gone" when the server stops to answer and "back" when it does again. */
export class Server extends EventTarget {
  reachable = true;
  /** Seconds that a solo and an answer take, lately. */
  latency = { solo: 0.5, answer: 0.3 };
  #retry = 0;

  models() {
    return this.#json("models");
  }

  addModel(file) {
    return this.#send("models", file, { name: file.name });
  }

  addSoundfont(file) {
    return this.#send("soundfont", file, { name: file.name });
  }

  chart(changes, meter, { transpose = 0, song = null } = {}) {
    return this.#json("chart", { changes, meter, transpose, song });
  }

  tune(file) {
    return this.#send("tune", file, { name: file.name });
  }

  solo(request) {
    return this.#timed("solo", request);
  }

  answer(request) {
    return this.#timed("answer", request);
  }

  /** What the server understands of what was played, without an answer. */
  understood(request) {
    return this.#json("answer", { ...request, answer: false });
  }

  sheet(request) {
    return this.#json("sheet", request);
  }

  /** The bytes of a session as a file: midi, musicxml, wav or html. */
  async export(format, session) {
    const answer = await this.#fetch(`export?format=${format}`, json(session));
    return answer.blob();
  }

  async #timed(name, request) {
    const begun = performance.now();
    const answer = await this.#json(name, request);
    const seconds = (performance.now() - begun) / 1000;
    // Up at once, down slowly: a late answer is worse than an early request.
    this.latency[name] = Math.max(seconds, 0.6 * this.latency[name] + 0.4 * seconds);
    return answer;
  }

  async #json(name, body) {
    const answer = await this.#fetch(name, body === undefined ? {} : json(body));
    return checked(await answer.json());
  }

  async #send(name, file, query) {
    const address = `${name}?${new URLSearchParams(query)}`;
    const headers = { "Content-Type": "application/octet-stream" };
    const body = await file.arrayBuffer().catch(() => {
      throw new Refusal({ message: "it cannot be read", hint: "choose a file, not a folder" });
    });
    const answer = await this.#fetch(address, { method: "POST", headers, body });
    return checked(await answer.json());
  }

  async #fetch(address, options) {
    const seconds = SECONDS[address.split("?")[0]] ?? 60;
    let answer;
    try {
      answer = await fetch(`/${address}`, {
        ...options,
        cache: "no-store",
        signal: AbortSignal.timeout(seconds * 1000),
      });
    } catch {
      this.#lost();
      throw new ServerGone();
    }
    this.#found();
    if (answer.ok) return answer;
    const { error } = await answer.json().catch(() => ({}));
    throw new Refusal(error ?? { message: `the server answers ${answer.status}` }, answer.status);
  }

  #lost() {
    if (this.reachable) {
      this.reachable = false;
      this.dispatchEvent(new Event("gone"));
    }
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.models().catch(() => {}), RETRY_MILLISECONDS);
  }

  #found() {
    if (this.reachable) return;
    this.reachable = true;
    this.dispatchEvent(new Event("back"));
  }
}

function json(body) {
  const headers = { "Content-Type": "application/json" };
  return { method: "POST", headers, body: JSON.stringify(body) };
}

function checked(answer) {
  if (answer.protocol !== PROTOCOL) {
    const message = `the server speaks protocol ${answer.protocol}, this page ${PROTOCOL}`;
    throw new Refusal({ message, hint: "load the page again" }, 200);
  }
  return answer;
}
