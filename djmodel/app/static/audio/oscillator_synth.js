/** A plain synthesizer of oscillators and noise, where the SoundFont cannot be read. It has the
 * methods of `SoundfontSynth`. */

import { CHANNELS, DRUM_CHANNELS, STRIPS } from "./channels.js";

const WAVES = { melody: "triangle", chords: "sine", bass: "triangle", you: "square" };
const LEVELS = { melody: 0.3, chords: 0.13, bass: 0.35, you: 0.12, drums: 0.35, metronome: 0.4 };
const ATTACK = 0.008; // seconds
const RELEASE = 0.06;
const DRUMS = {
  low: { until: 37, frequency: 90, seconds: 0.18, filter: "lowpass" },
  middle: { until: 41, frequency: 1800, seconds: 0.12, filter: "bandpass" },
  high: { until: 128, frequency: 7000, seconds: 0.09, filter: "highpass" },
};

export class OscillatorSynth {
  #context;
  #gains = new Map(); // by channel
  #waves = new Map();
  #sounding = new Map(); // by channel and pitch
  #noise;

  constructor(context, output) {
    this.#context = context;
    for (const name of STRIPS) {
      const gain = new GainNode(context);
      const level = new GainNode(context, { gain: LEVELS[name] });
      gain.connect(level).connect(output);
      this.#gains.set(CHANNELS[name], gain);
      this.#waves.set(CHANNELS[name], WAVES[name]);
    }
    this.#noise = noise(context);
  }

  noteOn(channel, pitch, velocity, time = 0) {
    const at = Math.max(time, this.#context.currentTime);
    const loudness = (velocity / 127) ** 2;
    if (DRUM_CHANNELS.includes(channel)) {
      this.#strike(channel, pitch, loudness, at);
      return;
    }
    this.noteOff(channel, pitch, at);
    const frequency = 440 * 2 ** ((pitch - 69) / 12);
    const source = new OscillatorNode(this.#context, {
      type: this.#waves.get(channel),
      frequency,
    });
    const envelope = new GainNode(this.#context, { gain: 0 });
    envelope.gain.setValueAtTime(0, at);
    envelope.gain.linearRampToValueAtTime(loudness, at + ATTACK);
    envelope.gain.setTargetAtTime(loudness * 0.6, at + ATTACK, 0.4);
    source.connect(envelope).connect(this.#gains.get(channel));
    source.start(at);
    this.#sounding.set(key(channel, pitch), { source, envelope });
  }

  noteOff(channel, pitch, time = 0) {
    const voice = this.#sounding.get(key(channel, pitch));
    if (!voice) return;
    this.#sounding.delete(key(channel, pitch));
    const at = Math.max(time, this.#context.currentTime);
    voice.envelope.gain.setTargetAtTime(0, at, RELEASE / 3);
    voice.source.stop(at + RELEASE * 2);
  }

  /** Ends what sounds and what is still to come. */
  cancel() {
    for (const name of [...this.#sounding.keys()]) this.noteOff(...name.split(":").map(Number));
  }

  program() {}

  async prepare() {}

  volume(channel, gain) {
    this.#gains.get(channel).gain.setTargetAtTime(gain, this.#context.currentTime, 0.01);
  }

  #strike(channel, pitch, loudness, at) {
    const drum = Object.values(DRUMS).find(({ until }) => pitch < until);
    const source = new AudioBufferSourceNode(this.#context, { buffer: this.#noise });
    const filter = new BiquadFilterNode(this.#context, {
      type: drum.filter,
      frequency: drum.frequency,
    });
    const envelope = new GainNode(this.#context, { gain: 0 });
    envelope.gain.setValueAtTime(loudness, at);
    envelope.gain.exponentialRampToValueAtTime(0.001, at + drum.seconds);
    source.connect(filter).connect(envelope).connect(this.#gains.get(channel));
    source.start(at, 0, drum.seconds);
  }
}

function key(channel, pitch) {
  return `${channel}:${pitch}`;
}

function noise(context) {
  const buffer = new AudioBuffer({ length: context.sampleRate / 2, sampleRate: context.sampleRate });
  const samples = buffer.getChannelData(0);
  for (let index = 0; index < samples.length; index++) samples[index] = Math.random() * 2 - 1;
  return buffer;
}
