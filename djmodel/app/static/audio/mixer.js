/** Volume and mute of each strip. */

import { CHANNELS, STRIPS } from "./channels.js";

export class Mixer {
  #synth = null;
  #silenced = false;

  /** `strips`: `{melody: {gain, muted}, ...}`; kept, and changed by `set`. */
  constructor(strips) {
    this.strips = strips;
  }

  connect(synth) {
    this.#synth = synth;
    this.apply();
  }

  /** Sets every volume again. */
  apply() {
    for (const name of STRIPS) this.#apply(name);
  }

  set(name, change) {
    Object.assign(this.strips[name], change);
    this.#apply(name);
  }

  /** Silences the band while the music pauses: notes that are on their way are not heard. What the
   * user plays still is. */
  silence(silenced) {
    this.#silenced = silenced;
    this.apply();
  }

  #apply(name) {
    const { gain, muted } = this.strips[name];
    const silent = muted || (this.#silenced && name !== "you");
    this.#synth?.volume(CHANNELS[name], silent ? 0 : gain);
  }
}
