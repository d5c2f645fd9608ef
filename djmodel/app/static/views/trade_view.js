/** The part of the page for trading: keys, MIDI keyboards, latency, and the two phrases. */

import { Calibration } from "../input/calibration.js";
import { LetterKeys } from "../input/letter_keys.js";
import { MidiKeyboards } from "../input/midi_keyboard.js";
import { ScreenKeys } from "../input/screen_keys.js";
import { CHANNELS } from "../audio/channels.js";
import { answerNotes } from "../play/trader.js";
import { byId } from "./dom.js";
import { say, solved, warn } from "./messages.js";
import { drawPhrase, movePhrase } from "./piano_roll.js";

const CLICK = 37; // side stick
const PHONE = matchMedia("(max-width: 40rem)");

export class TradeView {
  #clock;
  #ready;
  #settings;
  #player;
  #trader;
  #recorder;
  #synth = null;
  #shown = { you: null, model: null }; // turns
  #calibration = null;
  #mixer;
  #letters;
  #screen;
  #keyboards;

  /** `ready()` wakes the instruments: a promise. */
  constructor({ clock, ready, settings, mixer, player, trader, recorder }) {
    this.#mixer = mixer;
    this.#clock = clock;
    this.#ready = ready;
    this.#settings = settings;
    this.#player = player;
    this.#trader = trader;
    this.#recorder = recorder;
    const played = (note) => this.#played(note);
    this.#letters = new LetterKeys(played, (octave) => settings.set({ octave }));
    this.#screen = new ScreenKeys(byId("keys"), played);
    this.#keyboards = new MidiKeyboards(played, (names) => this.#showKeyboards(names));
    byId("midi").addEventListener("click", () => this.#connect());
    byId("calibrate").addEventListener("click", () => this.#calibrate());
    byId("latency").addEventListener("change", ({ target }) => {
      settings.set({ latency: Math.min(Math.max(Number(target.value) || 0, -300), 500) / 1000 });
    });
    PHONE.addEventListener("change", () => this.#show());
    settings.addEventListener("change", () => this.#show());
    recorder.addEventListener("note", ({ detail }) => this.#screen.light(detail.pitch, detail.on));
    for (const name of ["turn", "understood", "answer", "transcribed"]) {
      trader.addEventListener(name, ({ detail }) => detail && this.#showTurn(detail));
    }
    this.#show();
    this.clear();
  }

  connect(synth) {
    this.#synth = synth;
  }

  clear() {
    this.#shown = { you: null, model: null };
    drawPhrase(byId("yours"), { length: 16, text: "What you play stands here" });
    drawPhrase(byId("answer"), { length: 16, text: "and here what the model answers" });
  }

  /** Moves the playheads, and draws what is being played. */
  follow(quarter) {
    for (const [by, place] of [["you", "yours"], ["model", "answer"]]) {
      const turn = this.#shown[by];
      if (turn) movePhrase(byId(place), (quarter - turn.start) / (turn.end - turn.start));
    }
    if (this.#trader.current?.by === "you") this.#drawYours(this.#trader.current);
  }

  #show() {
    const { letters, mode, octave, latency } = this.#settings.all();
    this.#letters.enabled = letters && mode === "trade";
    this.#letters.octave = octave;
    if (!this.#letters.enabled) this.#letters.release();
    if (document.activeElement !== byId("latency")) {
      byId("latency").value = Math.round(latency * 1000);
    }
    const octaves = PHONE.matches ? 1 : 2;
    const drawn = `${this.#letters.lowest} ${octaves} ${letters}`;
    if (byId("keys").dataset.drawn === drawn) return;
    byId("keys").dataset.drawn = drawn;
    this.#screen.draw(this.#letters.lowest, octaves, letters && !PHONE.matches);
  }

  async #played(note) {
    if (this.#calibration && note.on) this.#calibration.tap(this.#clock.at(note.milliseconds));
    if (!this.#synth) await this.#ready(); // the first note wakes the instruments
    this.#recorder.play(note);
  }

  async #connect() {
    if (!MidiKeyboards.supported) {
      warn("midi", "This browser has no Web MIDI: play with the letters or the keys on the screen, or open the page in Chrome, Edge or Firefox.");
      return;
    }
    try {
      const names = await this.#keyboards.connect();
      solved("midi");
      say(names.length ? `Listening to ${names.join(", ")}.` : "No MIDI keyboard is plugged in; one that is plugged in now is heard at once.");
    } catch {
      warn("midi", "The browser refuses MIDI: allow it in the settings of this page (the sign beside its address), then connect again. Letters and keys on the screen play, too.");
    }
  }

  #showKeyboards(names) {
    byId("midi").textContent = names.length ? "Connected" : "Connect";
    byId("midi").title = names.join(", ");
  }

  /** Plays clicks and sets the latency by what is played with them. */
  async #calibrate() {
    await this.#ready();
    if (this.#player.state === "playing") this.#player.pause();
    const synth = this.#synth;
    const click = (time) => {
      synth.noteOn(CHANNELS.metronome, CLICK, 110, time);
      synth.noteOff(CHANNELS.metronome, CLICK, time + 0.1);
    };
    const { gain } = this.#settings.get("mixer").metronome;
    synth.volume(CHANNELS.metronome, Math.max(gain, 0.5));
    this.#calibration = new Calibration(this.#clock.now + 0.4, click);
    say("Listen to four clicks, then play a key with each of the next eight.", { stays: true });
    byId("calibrate").disabled = true;
    const rest = this.#calibration.end - this.#clock.now;
    await new Promise((resolve) => setTimeout(resolve, rest * 1000));
    const { result } = this.#calibration;
    this.#calibration = null;
    byId("calibrate").disabled = false;
    this.#mixer.apply();
    if (result === null) {
      say("Too few notes were near a click: the latency stays as it was.");
    } else {
      this.#settings.set({ latency: Math.round(result * 1000) / 1000 });
      say(`The latency is ${Math.round(result * 1000)} ms; what you play is taken as that much earlier.`);
    }
  }

  #showTurn(turn) {
    this.#shown[turn.by] = turn;
    if (turn.by === "you") {
      this.#drawYours(turn);
      // The answer to the phrase before makes room when the user begins anew.
      if (turn === this.#trader.current && !turn.understood) drawPhrase(byId("answer"), { ...frame(turn), text: "…" });
    } else {
      drawPhrase(byId("answer"), { ...frame(turn), layers: [{ notes: answerNotes(turn) }], text: "…" });
    }
  }

  #drawYours(turn) {
    const { transport, timeline } = this.#player;
    const now = timeline.quarter(transport.heard) - turn.start;
    const raw = this.#recorder
      .between(turn.start, turn.end)
      .map((note) => ({ ...note, end: note.end ?? Math.max(now, note.start) }));
    const read = turn.understood?.notes ?? [];
    const drawn = `${turn.number} ${raw.length} ${raw.at(-1)?.end} ${read.length}`;
    if (byId("yours").dataset.drawn === drawn) return;
    byId("yours").dataset.drawn = drawn;
    const layers = [{ notes: read }, { notes: raw, kind: read.length ? "you read" : "you" }];
    drawPhrase(byId("yours"), { ...frame(turn), layers, text: "Play!" });
  }
}

/** Length and bars of a turn, for drawing. */
function frame({ chorus, bar, bars, start, end }) {
  const { bars: all } = chorus;
  return {
    length: end - start,
    bars: Array.from({ length: bars }, (_, index) => all[(bar + index) % all.length]),
  };
}
