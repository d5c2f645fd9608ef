/** What the user has set on the page; kept by the browser, and part of a saved session. */

import { STRIPS } from "../audio/channels.js";

const STORE = "djmodel.settings";
const START = "djmodel.start";
const NAMES_OF_SOLO = [
  "model", "player", "meter", "tempo", "style", "feel", "temperature", "top_p", "max_copy", "humanize",
];

const GAINS = { melody: 0.8, chords: 0.5, bass: 0.7, you: 0.8, drums: 0.6, metronome: 0.6 };

export const DEFAULTS = Object.freeze({
  changes: "blues-in-F",
  meter: "4/4",
  // of a solo; null is the default of the server
  model: null,
  player: null,
  tempo: null, // that of the chart
  style: null,
  feel: null,
  temperature: 1,
  top_p: null,
  max_copy: null,
  humanize: 0.3,
  seed: null, // null: a new one each time
  count_in: 1, // bars
  // of playing
  mode: "listen", // or "trade"
  choruses: 4,
  loop: true, // without end
  repeat: false, // the same chorus again
  // of trading
  trade_bars: 4,
  begins: "you", // or "model"
  latency: 0, // seconds
  octave: 0,
  letters: true, // the computer's keyboard plays
  mixer: Object.fromEntries(
    STRIPS.map((name) => [name, { gain: GAINS[name], muted: name === "metronome" }]),
  ),
});

const TEXTS = ["model", "player", "style", "feel"]; // of those that may be null
/** What the page's own settings may be, where their type does not say it: one of several values, or
 * a number between two. The server checks those of a solo. */
const CHOICES = { mode: ["listen", "trade"], begins: ["you", "model"], trade_bars: [2, 4, 8, 12] };
const BOUNDS = { count_in: [0, 4], choruses: [1, 99], latency: [-0.3, 0.5], octave: [-3, 2], gain: [0, 1] };

/** Fires "change" with `detail` = the names of what changed. */
export class Settings extends EventTarget {
  #values = structuredClone(DEFAULTS);

  get(name) {
    return this.#values[name];
  }

  /** Sets what differs; unknown names are ignored. */
  set(changes) {
    const names = Object.keys(changes).filter(
      (name) => name in DEFAULTS && !same(changes[name], this.#values[name]),
    );
    if (!names.length) return;
    for (const name of names) this.#values[name] = structuredClone(changes[name]);
    keep(STORE, JSON.stringify(this.#values));
    this.dispatchEvent(new CustomEvent("change", { detail: names }));
  }

  /** All values, as a copy. */
  all() {
    return structuredClone(this.#values);
  }

  /** Those that a request for a solo has, without seed and count-in. */
  ofSolo() {
    return Object.fromEntries(NAMES_OF_SOLO.map((name) => [name, this.#values[name]]));
  }

  /** Values from another time, as far as they can be set. */
  restore(values) {
    const fitting = Object.entries(values ?? {}).filter(
      ([name, value]) => name in DEFAULTS && fits(name, value, DEFAULTS[name]),
    );
    this.set(Object.fromEntries(fitting));
  }

  restoreKept() {
    this.restore(keptObject(STORE));
  }

  /** Whether a server is started with something else than the last one; takes note of it. */
  isNewStart(start) {
    const text = JSON.stringify(start);
    const isNew = kept(START) !== text;
    keep(START, text);
    return isNew;
  }
}

/** A text that the browser keeps; null for none. */
export function kept(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null; // a browser that keeps nothing
  }
}

/** An object that the browser keeps as JSON; null for none, and for what cannot be read. */
export function keptObject(name) {
  try {
    return JSON.parse(kept(name));
  } catch {
    return null;
  }
}

export function keep(name, text) {
  try {
    localStorage.setItem(name, text);
  } catch {
    // A browser that keeps nothing.
  }
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Whether a setting can have a value; `example` is another one. */
function fits(name, value, example) {
  if (value === null) return example === null;
  if (name in CHOICES) return CHOICES[name].includes(value);
  const [least, most] = BOUNDS[name] ?? [];
  if (value < least || value > most) return false;
  if (example === null) return typeof value === (TEXTS.includes(name) ? "string" : "number");
  if (typeof example !== "object") return typeof value === typeof example;
  return (
    typeof value === "object" &&
    Object.keys(example).every((each) => each in value && fits(each, value[each], example[each]))
  );
}
