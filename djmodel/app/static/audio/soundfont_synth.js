/** The instruments of a SoundFont, played by spessasynth in an audio worklet. */

import { CHANNELS, DRUM_CHANNELS } from "./channels.js";

const VOLUME = 7; // MIDI controllers
const REVERB = 91;
const REVERB_AMOUNT = 30;
const SECONDS_TO_READ = 20;
const VELOCITY_BITS = 4; // velocities that are alike have the same samples, nearly always

/** A synthesizer with the SoundFont `content` (ArrayBuffer), connected to `output`. Rejects where
 * the SoundFont cannot be read. */
export async function soundfontSynth(context, content, output) {
  await context.audioWorklet.addModule(new URL("synth_worklet.js", import.meta.url));
  const node = new AudioWorkletNode(context, "synth", {
    numberOfInputs: 0,
    outputChannelCount: [2],
  });
  node.connect(output);
  const synth = new SoundfontSynth(node.port);
  try {
    await synth.load(content);
  } catch (problem) {
    node.disconnect();
    throw problem;
  }
  return synth;
}

class SoundfontSynth {
  #port;
  #programs = new Map();
  #prepared = new Set();
  #asked = 0;
  #answers = new Map(); // number of a question -> its promise's functions

  constructor(port) {
    this.#port = port;
    port.onmessage = ({ data: { id, problem } }) => {
      const { resolve, reject } = this.#answers.get(id) ?? {};
      this.#answers.delete(id);
      if (problem) reject?.(new Error(problem));
      else resolve?.();
    };
  }

  /** Takes the instruments of a SoundFont (ArrayBuffer). Rejects where it cannot be read; the ones
   * before stay. */
  async load(content) {
    await this.#ask("load", [content], [content]);
    this.#prepared.clear();
    for (const channel of DRUM_CHANNELS) this.#send("setDrums", [channel]);
    for (const channel of Object.values(CHANNELS)) {
      this.#send("controllerChange", [channel, REVERB, REVERB_AMOUNT]);
    }
    for (const sent of this.#programs) this.#send("programChange", sent);
  }

  /** Times are those of the AudioContext; one in the past is now. */
  noteOn(channel, pitch, velocity, time = 0) {
    this.#send("noteOn", [channel, pitch, velocity], time);
  }

  noteOff(channel, pitch, time = 0) {
    this.#send("noteOff", [channel, pitch], time);
  }

  /** Forgets all notes, and ends of notes, that are still to come. */
  cancel() {
    this.#send("cancel");
  }

  program(channel, program) {
    if (this.#programs.get(channel) === program) return;
    this.#programs.set(channel, program);
    this.#send("programChange", [channel, program]);
  }

  /** `gain` from 0 to 1, of the amplitude: MIDI volumes are squared. */
  volume(channel, gain) {
    this.#send("controllerChange", [channel, VOLUME, Math.round(127 * Math.sqrt(gain))]);
  }

  /** Decodes what notes `{channel, pitch, velocity}` need, one after the other, so that none has to
   * wait for it when it is played. */
  async prepare(notes) {
    for (const { channel, pitch, velocity } of notes) {
      const key = `${channel} ${this.#programs.get(channel)} ${pitch} ${velocity >> VELOCITY_BITS}`;
      if (this.#prepared.has(key)) continue;
      this.#prepared.add(key);
      await this.#ask("prepare", [channel, pitch, velocity]).catch(() => {});
    }
  }

  #send(name, values = [], time = 0) {
    this.#port.postMessage({ name, values, time });
  }

  #ask(name, values, transfer = []) {
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#answers.set(id, { resolve, reject });
      this.#port.postMessage({ name, values, answer: id }, transfer);
      setTimeout(() => {
        this.#answers.delete(id);
        reject(new Error("it took too long"));
      }, SECONDS_TO_READ * 1000);
    });
  }
}
