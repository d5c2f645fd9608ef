/** A piano on the screen, played by touch or mouse; several fingers at once, and a finger that
 * slides from key to key plays each. */

import { SEMITONES } from "./letter_keys.js";

const BLACK = new Set([1, 3, 6, 8, 10]);
const NAMES = ["C", "C sharp", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B"];
const VELOCITY = 92;
const LETTERS = new Map([...SEMITONES].map(([code, semitone]) => [semitone, letter(code)]));

export class ScreenKeys {
  #element;
  #played;
  #keys = new Map(); // pitch -> element
  #touched = new Map(); // pointer -> pitch

  constructor(element, played) {
    this.#element = element;
    this.#played = played;
    element.addEventListener("pointerdown", (event) => this.#down(event));
    element.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
      element.addEventListener(name, (event) => this.#up(event));
    }
    element.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  /** Draws `octaves` of keys from `lowest`, a C; `letters` are those of the computer's keyboard. */
  draw(lowest, octaves, letters) {
    this.#keys.clear();
    const white = [];
    for (let pitch = lowest; pitch <= lowest + 12 * octaves; pitch++) {
      const isBlack = BLACK.has(pitch % 12);
      const key = document.createElement("div");
      key.className = isBlack ? "key black" : "key white";
      key.dataset.pitch = pitch;
      key.title = `${NAMES[pitch % 12]}${Math.floor(pitch / 12) - 1}`;
      if (!isBlack) white.push(pitch);
      key.style.setProperty("--place", white.length);
      const label = letters ? (LETTERS.get(pitch - lowest) ?? "") : "";
      key.textContent = label || (pitch % 12 === 0 ? `C${Math.floor(pitch / 12) - 1}` : "");
      this.#keys.set(pitch, key);
    }
    this.#element.style.setProperty("--white", white.length);
    this.#element.replaceChildren(...this.#keys.values());
  }

  /** Shows a key as pressed or not; pitches outside are ignored. */
  light(pitch, on) {
    this.#keys.get(pitch)?.classList.toggle("down", on);
  }

  #pitchAt({ clientX, clientY }) {
    const key = document.elementFromPoint(clientX, clientY)?.closest(".key");
    return key && this.#element.contains(key) ? Number(key.dataset.pitch) : null;
  }

  #down(event) {
    event.preventDefault();
    this.#element.setPointerCapture(event.pointerId);
    this.#change(event, this.#pitchAt(event));
  }

  #move(event) {
    if (this.#touched.has(event.pointerId)) this.#change(event, this.#pitchAt(event));
  }

  #up(event) {
    this.#change(event, null);
    this.#touched.delete(event.pointerId);
  }

  #change({ pointerId, timeStamp: milliseconds }, pitch) {
    const before = this.#touched.get(pointerId) ?? null;
    if (before === pitch) return;
    if (before !== null) this.#played({ on: false, pitch: before, velocity: 0, milliseconds });
    if (pitch !== null) this.#played({ on: true, pitch, velocity: VELOCITY, milliseconds });
    this.#touched.set(pointerId, pitch);
  }
}

function letter(code) {
  const signs = { Comma: ",", Period: ".", Slash: "/", Semicolon: ";" };
  return signs[code] ?? code.replace(/^(Key|Digit)/, "");
}
