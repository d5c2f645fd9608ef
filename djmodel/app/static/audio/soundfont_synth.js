/** The instruments of a SoundFont, played by spessasynth in an audio worklet. */

import { WorkletSynthesizer } from "../vendor/spessasynth/spessasynth.js";
import { CHANNELS, DRUM_CHANNELS } from "./channels.js";

const VOLUME = 7; // MIDI controllers
const REVERB = 91;
const REVERB_AMOUNT = 30;
const PROCESSOR = new URL("../vendor/spessasynth/spessasynth_processor.js", import.meta.url);
const SECONDS_TO_READ = 20;

/** A synthesizer with the SoundFont `content` (ArrayBuffer), connected to `output`. Rejects where
 * the SoundFont cannot be read. */
export async function soundfontSynth(context, content, output) {
  await context.audioWorklet.addModule(PROCESSOR);
  const worklet = new WorkletSynthesizer(context, { eventsEnabled: false });
  const synth = new SoundfontSynth(worklet);
  await inTime(worklet.isReady);
  await synth.load(content);
  worklet.connect(output);
  return synth;
}

class SoundfontSynth {
  #synth;
  #programs = new Map();

  constructor(synth) {
    this.#synth = synth;
  }

  /** Takes the instruments of a SoundFont (ArrayBuffer). Rejects where it cannot be read; the ones
   * before stay. */
  async load(content) {
    const unreadable = new Promise((_, reject) => {
      this.#synth.eventHandler.addEvent("soundBankError", "page", reject);
    });
    const added = this.#synth.soundBankManager.addSoundBank(content, "main");
    await Promise.race([inTime(added), unreadable]);
    for (const channel of Object.values(CHANNELS)) {
      this.#synth.controllerChange(channel, REVERB, REVERB_AMOUNT);
    }
    for (const channel of DRUM_CHANNELS) this.#synth.midiChannels[channel].setDrums(true);
    for (const [channel, program] of this.#programs) this.#synth.programChange(channel, program);
  }

  /** Times are those of the AudioContext; one in the past is now. */
  noteOn(channel, pitch, velocity, time = 0) {
    this.#synth.noteOn(channel, pitch, velocity, { time });
  }

  noteOff(channel, pitch, time = 0) {
    this.#synth.noteOff(channel, pitch, { time });
  }

  program(channel, program) {
    if (this.#programs.get(channel) === program) return;
    this.#programs.set(channel, program);
    this.#synth.programChange(channel, program);
  }

  /** `gain` from 0 to 1, of the amplitude: MIDI volumes are squared. */
  volume(channel, gain) {
    this.#synth.controllerChange(channel, VOLUME, Math.round(127 * Math.sqrt(gain)));
  }
}

function inTime(promise) {
  const late = new Promise((_, reject) => {
    setTimeout(reject, SECONDS_TO_READ * 1000, new Error("it took too long to read"));
  });
  return Promise.race([promise, late]);
}
