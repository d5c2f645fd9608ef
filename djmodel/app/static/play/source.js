/** Choruses from the server: each with the settings of its time and a seed of its own. */

import { withTrades } from "./notes.js";

const LARGEST_SEED = 2 ** 31;

export class ChorusSource {
  #server;
  #settings;
  #seed = 0;
  #count = 0; // choruses since the start
  #last = null; // the chorus before: {changes, melody}
  #script = []; // choruses of a saved session, to be played as they were
  replays = false;

  constructor(server, settings) {
    this.#server = server;
    this.#settings = settings;
  }

  /** Begins anew: the next chorus is the first one. With `script`, choruses of a session, these are
   * played again and nothing else. */
  restart(script = []) {
    this.#seed = this.#settings.get("seed") ?? Math.floor(Math.random() * LARGEST_SEED);
    this.#count = 0;
    this.#last = null;
    this.#script = [...script];
    this.replays = script.length > 0;
  }

  /** Seconds that a chorus takes, lately. */
  get latency() {
    return this.#server.latency.solo;
  }

  /** Whether a saved session has been played to its end. */
  get isOver() {
    return this.replays && !this.#script.length;
  }

  /** A text that differs when the next chorus would be asked for differently. */
  get signature() {
    return JSON.stringify(this.replays ? this.#count : this.#request());
  }

  /** The next chorus: `{request, mode, tempo, length, bars, parts, melody, count_in, ...}`. Asking
   * again before `accept` asks for the same one, with the settings of now. */
  async ask() {
    const { request, mode, trades } = this.replays ? this.#scripted() : this.#request();
    const answer = await this.#server.solo(request);
    const [chorus] = answer.choruses;
    const { tempo, key, title, count_in } = answer;
    const played = trades ? withTrades(chorus, trades) : chorus;
    return { ...played, tempo, key, title, count_in, request, mode, repeated: false };
  }

  /** Takes note that a chorus will be played. */
  accept(chorus) {
    if (chorus.repeated) return;
    this.#count++;
    this.#script.shift();
    this.#last = { changes: chorus.request.changes, melody: chorus.melody };
  }

  #request() {
    const changes = this.#settings.get("changes");
    const isFirst = this.#count === 0;
    const settings = {
      ...this.#settings.ofSolo(),
      choruses: 1,
      seed: (this.#seed + this.#count) % LARGEST_SEED,
      count_in: isFirst ? this.#settings.get("count_in") : 0,
    };
    const continues = this.#last?.changes === changes;
    const before = continues ? { melody: this.#last.melody } : null;
    const mode = this.#settings.get("mode");
    // A trade needs the band alone.
    const melody = mode === "trade" ? [] : null;
    return { request: { changes, settings, before, melody }, mode, trades: null };
  }

  #scripted() {
    const { changes, settings, before = null, melody, trades } = this.#script[0];
    const count_in = this.#count === 0 ? this.#settings.get("count_in") : 0;
    const request = { changes, settings: { ...settings, count_in }, before, melody };
    return { request, mode: "listen", trades: trades ?? null };
  }
}
