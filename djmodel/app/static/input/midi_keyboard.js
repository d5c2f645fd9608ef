/** Notes of MIDI keyboards (Web MIDI). */

const NOTE_OFF = 0x80;
const NOTE_ON = 0x90;

export class MidiKeyboards {
  #access = null;
  #played;
  #changed;

  /** `played({on, pitch, velocity, milliseconds})` for each note, `changed(names)` when a keyboard
   * is plugged in or out. */
  constructor(played, changed) {
    this.#played = played;
    this.#changed = changed;
  }

  static get supported() {
    return typeof navigator.requestMIDIAccess === "function";
  }

  /** Asks for the keyboards. Rejects where the user or the browser refuses. */
  async connect() {
    this.#access ??= await navigator.requestMIDIAccess();
    this.#access.onstatechange = () => this.#listen();
    return this.#listen();
  }

  #listen() {
    const inputs = [...this.#access.inputs.values()].filter(({ state }) => state !== "disconnected");
    for (const input of inputs) input.onmidimessage = (message) => this.#receive(message);
    const names = inputs.map(({ name }) => name || "a MIDI keyboard");
    this.#changed(names);
    return names;
  }

  #receive({ data, timeStamp }) {
    const [status, pitch, velocity = 0] = data;
    const kind = status & 0xf0;
    if (kind !== NOTE_ON && kind !== NOTE_OFF) return;
    const on = kind === NOTE_ON && velocity > 0;
    this.#played({ on, pitch, velocity, milliseconds: timeStamp || performance.now() });
  }
}
