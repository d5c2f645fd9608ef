/** The synthesizer on the audio thread: MIDI messages at frames of the audio clock.
 *
 * Time is that of the AudioContext alone, so that a thread that was held up is late once and not for
 * ever. A message is carried out in the block of samples that begins nearest to its time. */

import {
  SoundBankLoader,
  SpessaLog,
  SpessaSynthProcessor,
} from "../vendor/spessasynth/spessasynth_core.js";

const LATE = 0.1; // seconds; a note that is later is left out

SpessaLog.warnEnabled = false; // unknown controllers and presets; what fails is answered

class SynthWorklet extends AudioWorkletProcessor {
  #synth = new SpessaSynthProcessor(sampleRate, { eventsEnabled: false });
  #queue = []; // {time, name, values}, by time

  constructor() {
    super();
    this.port.onmessage = ({ data }) => this.#receive(data);
  }

  process(_, [[left, right]]) {
    const middle = currentTime + left.length / 2 / sampleRate;
    while (this.#queue.length && this.#queue[0].time <= middle) this.#carryOut(this.#queue.shift());
    this.#synth.process(left, right);
    return true;
  }

  #receive({ name, values = [], time = 0, answer }) {
    if (answer) this.#answer(name, values, answer);
    else if (name === "cancel") this.#queue = [];
    else if (time <= currentTime) this.#carryOut({ name, values, time: currentTime });
    else {
      const place = this.#queue.findLastIndex((each) => each.time <= time) + 1;
      this.#queue.splice(place, 0, { name, values, time });
    }
  }

  #carryOut({ name, values, time }) {
    if (name === "setDrums") this.#synth.midiChannels[values[0]].setDrums(true);
    else if (name !== "noteOn" || time > currentTime - LATE) this.#synth[name](...values);
  }

  /** Does what takes a while, and tells when it is done or why it is not. */
  async #answer(name, values, id) {
    let problem = "";
    try {
      if (name === "load") await this.#load(...values);
      if (name === "prepare") this.#prepare(...values);
    } catch (error) {
      problem = String(error?.message || error);
    }
    this.port.postMessage({ id, problem });
  }

  async #load(content) {
    await this.#synth.processorInitialized;
    const bank = SoundBankLoader.fromArrayBuffer(content);
    if (!bank.presets.length) throw new Error("it has no instruments");
    this.#synth.soundBankManager.addSoundBank(bank, "main");
  }

  /** Decodes the samples of a note, before it is played. */
  #prepare(channel, pitch, velocity) {
    const voices = this.#synth.midiChannels[channel].preset?.getVoiceParameters(pitch, velocity);
    for (const { sample } of voices ?? []) sample.getAudioData();
  }
}

registerProcessor("synth", SynthWorklet);
