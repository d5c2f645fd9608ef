/** What the user plays: heard at once, and written down in quarters through all choruses. */

import { CHANNELS } from "../audio/channels.js";

const KEPT_QUARTERS = 160;

/** Fires "note" with `detail` = `{on, pitch, note}`; `note` is null while no music plays. */
export class Recorder extends EventTarget {
  notes = []; // {start, end, pitch, velocity}; end is null while a note is held
  synth = null;
  #held = new Map(); // pitch -> note
  #quarter;

  /** `quarter(milliseconds)`: the place in the music at a time, null while none plays. */
  constructor(quarter) {
    super();
    this.#quarter = quarter;
  }

  play({ on, pitch, velocity, milliseconds }) {
    if (on) this.synth?.noteOn(CHANNELS.you, pitch, velocity);
    else this.synth?.noteOff(CHANNELS.you, pitch);
    const at = this.#quarter(milliseconds);
    this.#end(pitch, at);
    let note = null;
    if (on && at !== null) {
      note = { start: at, end: null, pitch, velocity };
      this.notes.push(note);
      this.#held.set(pitch, note);
      while (this.notes[0].start < at - KEPT_QUARTERS) this.notes.shift();
    }
    this.dispatchEvent(new CustomEvent("note", { detail: { on, pitch, note } }));
  }

  /** The notes that begin from `start` to `end`, in quarters from `start`. A note up to `early`
   * quarters before belongs to the turn, too: it was played ahead of the beat. */
  between(start, end, early = 0.4) {
    return this.notes
      .filter((note) => note.start >= start - early && note.start < end)
      .map((note) => ({
        start: note.start - start,
        end: note.end === null ? null : Math.max(note.end - start, note.start - start + 0.02),
        pitch: note.pitch,
        velocity: note.velocity,
      }));
  }

  clear() {
    this.notes = [];
    this.#held.clear();
  }

  #end(pitch, at) {
    const note = this.#held.get(pitch);
    if (!note) return;
    this.#held.delete(pitch);
    note.end = Math.max(at ?? note.start, note.start + 0.02);
  }
}
