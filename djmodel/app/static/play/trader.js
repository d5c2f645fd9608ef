/** Trading: the user and the model take turns over the band.
 *
 * An answer is asked for twice: early, so that there is one whatever happens, and at the last
 * moment that leaves the server its time, with everything played until then. */

import { CHANNELS } from "../audio/channels.js";
import { LOOK_AHEAD } from "../audio/scheduler.js";
import { programs } from "./notes.js";
import { Turns } from "./turns.js";

const LATEST = 0.08; // seconds before a turn at which the best answer is taken
const HELD = 2; // quarters after a turn at which its last notes have ended
const LARGEST_SEED = 2 ** 31;

/** Fires, with the turn as `detail`: "turn" (it begins; null where trading ends), "understood"
 * (the user's notes as the server read them, in `turn.understood`), "answer" (the model's notes, in
 * `turn.answer`), "late" (no answer came in time), "transcribed" (all that the user played, in
 * `turn.understood`); "finished" with `{turn, notes}`, what was played in a turn. */
export class Trader extends EventTarget {
  current = null;
  /** For each answer: when it was asked for, when it came, when it begins; seconds of position. */
  log = [];
  #player;
  #server;
  #recorder;
  #settings;
  #synth = null;
  #turns = null;
  #plan = "";
  #seed = 0;
  #quarter = 0; // that is heard
  #lastAnswer = null; // to go on with when the server is gone

  constructor(player, server, recorder, settings) {
    super();
    this.#player = player;
    this.#server = server;
    this.#recorder = recorder;
    this.#settings = settings;
    player.addEventListener("placed", ({ detail }) => this.#extend(detail));
    player.addEventListener("tick", () => this.#tick());
    player.addEventListener("state", () => player.state === "stopped" && this.#stop());
  }

  connect(synth) {
    this.#synth = synth;
  }

  /** The turn before another one. */
  before(turn) {
    return this.#turns?.before(turn) ?? null;
  }

  /** Plans the turns of a chorus that has its place. */
  #extend(chorus) {
    const bars = this.#settings.get("trade_bars");
    const begins = this.#settings.get("begins");
    const plan = chorus.mode === "trade" ? `${bars} ${begins}` : "";
    if (plan !== this.#plan) {
      this.#turns?.cut(chorus.quarter);
      this.#finish(Infinity);
      this.#plan = plan;
      this.#turns = plan ? new Turns(bars, begins) : null;
      this.#seed = chorus.request.settings.seed;
    }
    if (!this.#turns) return;
    this.#turns.extend(chorus);
    for (const turn of this.#turns.list) this.#sound(turn);
  }

  #stop() {
    this.#finish(Infinity);
    this.#turns = null;
    this.#plan = "";
    this.#quarter = 0;
    this.log = [];
    this.#enter(null);
  }

  #tick() {
    const { transport, timeline } = this.#player;
    this.#quarter = timeline.quarter(transport.heard);
    if (!this.#turns) {
      this.#enter(null);
      return;
    }
    this.#enter(this.#turns.at(this.#quarter));
    for (const turn of this.#turns.list) if (turn.by === "model") this.#prepare(turn);
    this.#finish(this.#quarter - HELD);
    this.#turns.forget(this.#quarter - 64);
  }

  #enter(turn) {
    if (turn === this.current) return;
    this.current = turn;
    this.#fire("turn", turn);
  }

  /** Asks for the answer of a turn when it is time, and takes the best one. */
  #prepare(turn) {
    if (turn.settled) return;
    const { transport, timeline } = this.#player;
    const left = timeline.seconds(turn.start) - transport.position;
    const latency = this.#server.latency.answer;
    if (!turn.early && left < Math.max(120 / turn.chorus.tempo, LOOK_AHEAD + 3 * latency)) {
      turn.early = this.#ask(turn);
    }
    const isAnswer = this.#turns.before(turn)?.by === "you";
    if (isAnswer && !turn.final && left < LATEST + 0.1 + 1.5 * latency) {
      turn.final = this.#ask(turn);
    }
    if (left > LATEST) return;
    if (!turn.answer && left < 0 && !turn.isLate) {
      turn.isLate = true;
      this.#fire("late", turn);
      if (!this.#server.reachable) turn.answer = this.#lastAnswer;
    }
    if (turn.answer) this.#settle(turn);
  }

  async #ask(turn) {
    const turns = this.#turns;
    const asked = this.#player.transport.position;
    const played = turns.before(turn);
    const request = this.#request(turn, played);
    try {
      const { understood, answer } = await this.#server.answer(request);
      if (turn.settled || turns !== this.#turns || turn.asked > asked) return;
      const came = this.#player.transport.position;
      Object.assign(turn, { answer, asked, came, seed: request.settings.seed });
      if (played && understood) {
        played.understood = understood;
        this.#fire("understood", played);
      }
    } catch (problem) {
      this.dispatchEvent(new CustomEvent("refused", { detail: problem }));
    }
  }

  #request(turn, played) {
    const { request, tempo } = turn.chorus;
    const { changes } = request;
    const seed = (this.#seed + turn.number) % LARGEST_SEED;
    const settings = { ...this.#settings.ofSolo(), tempo, seed };
    if (played?.by !== "you") {
      const { bar, bars } = turn;
      return { changes, settings, bar, bars, played: null, before: null };
    }
    const { bar, bars, start, end } = played;
    const notes = this.#recorder.between(start, end);
    const earlier = this.#turns.before(played);
    const before = earlier?.answer ? { bars: earlier.bars, melody: earlier.answer.melody } : null;
    return { changes, settings, bar, bars, played: { unit: "quarters", notes }, before };
  }

  /** Takes the answer that is there. */
  #settle(turn) {
    turn.settled = true;
    this.#lastAnswer = turn.answer;
    const begins = this.#player.timeline.seconds(turn.start);
    this.log.push({ asked: turn.asked, came: turn.came, begins });
    if (this.log.length > 64) this.log.shift();
    for (const [channel, program] of programs(turn.answer.parts)) {
      this.#synth.program(channel, program);
    }
    this.#sound(turn);
    this.#fire("answer", turn);
  }

  /** Hands the notes of an answer to the scheduler, as far as the tempo is known: to the end of the
   * last chorus that has its place. */
  #sound(turn) {
    if (!turn.settled) return;
    const { timeline, scheduler } = this.#player;
    const from = turn.sounded ?? -Infinity;
    const until = Math.min(timeline.last.quarter + timeline.last.length, turn.end) - turn.start;
    if (until <= from) return;
    turn.sounded = until;
    const start = timeline.seconds(turn.start);
    const notes = answerNotes(turn)
      .filter((note) => note.start >= from && note.start < until)
      .map((note) => ({
        channel: CHANNELS.melody,
        pitch: note.pitch,
        velocity: note.velocity,
        start: timeline.seconds(turn.start + note.start) - start,
        end: timeline.seconds(turn.start + note.end) - start,
      }));
    scheduler.add(start, notes);
  }

  /** Fires "finished" for each turn that has begun and was over at a quarter. */
  #finish(quarter) {
    for (const turn of this.#turns?.list ?? []) {
      if (turn.finished || turn.start >= this.#quarter || turn.end > quarter) continue;
      turn.finished = true;
      const { start, end, by } = turn;
      const notes = by === "you" ? this.#recorder.between(start, end) : answerNotes(turn);
      this.dispatchEvent(new CustomEvent("finished", { detail: { turn, notes } }));
      if (by === "you" && notes.length) this.#transcribe(turn, notes);
    }
  }

  /** Has the server read all that was played in a turn: what was played last came after the last
   * moment to ask for an answer. */
  async #transcribe(turn, notes) {
    const { changes, settings } = turn.chorus.request;
    const { bar, bars } = turn;
    const played = { unit: "quarters", notes };
    try {
      const request = { changes, settings, bar, bars, played, before: null };
      turn.understood = (await this.#server.understood(request)).understood;
      this.#fire("transcribed", turn);
    } catch {
      // The notes as they were played are kept all the same.
    }
  }

  #fire(name, turn) {
    this.dispatchEvent(new CustomEvent(name, { detail: turn }));
  }
}

/** The notes of a turn of the model; none before there is an answer. */
export function answerNotes(turn) {
  return turn.answer?.parts.find(({ name }) => name === "melody")?.notes ?? [];
}
