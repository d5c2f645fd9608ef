/** The computer's keyboard as a piano: two rows of letters, by their place on the keyboard rather
 * than by the letter printed there, so that it works on every layout. */

const WHITE_BELOW = ["KeyZ", "KeyX", "KeyC", "KeyV", "KeyB", "KeyN", "KeyM", "Comma", "Period", "Slash"];
const BLACK_BELOW = ["KeyS", "KeyD", null, "KeyG", "KeyH", "KeyJ", null, "KeyL", "Semicolon"];
const WHITE_ABOVE = ["KeyQ", "KeyW", "KeyE", "KeyR", "KeyT", "KeyY", "KeyU", "KeyI", "KeyO", "KeyP"];
const BLACK_ABOVE = ["Digit2", "Digit3", null, "Digit5", "Digit6", "Digit7", null, "Digit9", "Digit0"];
const SCALE = [0, 2, 4, 5, 7, 9, 11]; // semitones of the white keys of an octave
const LOWEST = 60; // middle C
const VELOCITY = 92;
export const OCTAVE_DOWN = "BracketLeft";
export const OCTAVE_UP = "BracketRight";

/** Semitones above the lowest key, by the code of the key. */
export const SEMITONES = new Map([
  ...row(WHITE_BELOW, BLACK_BELOW, 0),
  ...row(WHITE_ABOVE, BLACK_ABOVE, 12),
]);

function* row(white, black, base) {
  for (const [index, code] of white.entries()) {
    const semitone = base + 12 * Math.floor(index / 7) + SCALE[index % 7];
    yield [code, semitone];
    if (black[index]) yield [black[index], semitone + 1];
  }
}

export class LetterKeys {
  enabled = false;
  octave = 0;
  #held = new Map(); // code -> pitch
  #played;
  #moved;

  /** `played({on, pitch, velocity, milliseconds})`; `moved(octave)` after a change of octave.
   * Keys that type into a field are left alone. */
  constructor(played, moved) {
    this.#played = played;
    this.#moved = moved;
    addEventListener("keydown", (event) => this.#down(event));
    addEventListener("keyup", (event) => this.#up(event));
    addEventListener("blur", () => this.release());
  }

  get lowest() {
    return LOWEST + 12 * this.octave;
  }

  /** Ends every note that is held. */
  release() {
    for (const code of [...this.#held.keys()]) this.#end(code, performance.now());
  }

  #down(event) {
    if (!this.enabled || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target)) return;
    if (event.code === OCTAVE_DOWN || event.code === OCTAVE_UP) {
      const moved = this.octave + (event.code === OCTAVE_UP ? 1 : -1);
      this.octave = Math.min(Math.max(moved, -3), 2);
      this.#moved(this.octave);
    } else if (SEMITONES.has(event.code) && !this.#held.has(event.code)) {
      const pitch = this.lowest + SEMITONES.get(event.code);
      this.#held.set(event.code, pitch);
      this.#played({ on: true, pitch, velocity: VELOCITY, milliseconds: event.timeStamp });
    } else return;
    event.preventDefault();
  }

  #up(event) {
    if (this.#held.has(event.code)) this.#end(event.code, event.timeStamp);
  }

  #end(code, milliseconds) {
    const pitch = this.#held.get(code);
    this.#held.delete(code);
    this.#played({ on: false, pitch, velocity: 0, milliseconds });
  }
}

/** Whether keys belong to the field that has the focus. A choice has the arrows, and leaves the
 * letters to the piano: who has just chosen the bars of a turn plays. */
export function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches("textarea")) return true;
  return target.matches("input") && !target.matches("[type=range], [type=checkbox], [type=radio]");
}
