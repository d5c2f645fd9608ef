/** The synthesizer and what it sounds through: SoundFont or oscillators -> volume -> analyser ->
 * loudspeaker. Nothing in it takes time, such as a limiter does, which looks ahead. */

import { OscillatorSynth } from "./oscillator_synth.js";
import { soundfontSynth } from "./soundfont_synth.js";

export class Instruments {
  synth = null;
  analyser = null;
  #context = null;
  #master = null;
  #bank; // promise of the SoundFont's bytes

  /** Begins to load the SoundFont at `address`. */
  constructor(address) {
    this.#bank = fetch(address).then((answer) => {
      if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
      return answer.arrayBuffer();
    });
    this.#bank.catch(() => {}); // reported by `connect`
  }

  /** Connects the instruments to the context's output. Returns "" or why there is no SoundFont. */
  async connect(context) {
    const master = new GainNode(context, { gain: 0.9 });
    this.#context = context;
    this.#master = master;
    this.analyser = new AnalyserNode(context, { fftSize: 2048 });
    master.connect(this.analyser).connect(context.destination);
    try {
      this.synth = await soundfontSynth(context, await this.#bank, master);
    } catch (problem) {
      this.synth = new OscillatorSynth(context, master);
      return String(problem?.message || problem);
    } finally {
      this.#bank = null; // the synthesizer has taken the bytes
    }
    return "";
  }

  /** Takes the instruments of another SoundFont (ArrayBuffer). Rejects where it cannot be read; the
   * ones before stay. Returns the synthesizer. */
  async load(content) {
    if (this.synth.load) await this.synth.load(content);
    else this.synth = await soundfontSynth(this.#context, content, this.#master);
    return this.synth;
  }

  /** The loudness of the output now: root of the mean square, from 0 to 1. */
  level() {
    if (!this.analyser) return 0;
    const samples = new Float32Array(this.analyser.fftSize);
    this.analyser.getFloatTimeDomainData(samples);
    return Math.sqrt(samples.reduce((sum, each) => sum + each * each, 0) / samples.length);
  }
}
