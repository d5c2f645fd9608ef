/** Plays choruses one after the other, asking for each ahead of its time. */

import { Transport } from "../audio/transport.js";
import { Scheduler, LOOK_AHEAD } from "../audio/scheduler.js";
import { programs, scheduledNotes } from "./notes.js";
import { Timeline } from "./timeline.js";

// A chorus is asked for as soon as the one before has its place, and again, this long before it
// begins, if the settings have changed since.
const BEATS_AHEAD = 4;
const SECONDS_AHEAD = 2;
const LATEST = 0.15; // seconds before its start at which a chorus is replaced by an earlier one
const RING = 1.5; // seconds after the last note
const KEPT = 4; // choruses to go on with when the server is gone

/** Fires "state", "placed" (a chorus has its place), "chorus" (it begins to be heard), "repeating"
 * (there is no new chorus in time), "refused" (a request was, `detail` the error), "ended". */
export class Player extends EventTarget {
  state = "stopped"; // "starting", "playing", "paused"
  timeline = new Timeline();
  /** For each chorus: when it was asked for, when it came, when it began; seconds of position. */
  log = [];
  #clock;
  #source;
  #settings;
  #synth = null;
  #asked = null; // {signature} of the last request under way
  #ready = null; // {chorus, signature}: the next chorus
  #recent = [];
  #heard = 0; // number of the chorus that is heard
  #run = 0; // of starts: answers to an earlier run are ignored

  constructor(clock, source, settings) {
    super();
    this.#clock = clock;
    this.#source = source;
    this.#settings = settings;
    this.transport = new Transport(clock);
    this.scheduler = new Scheduler(this.transport);
  }

  connect(synth) {
    this.#synth = synth;
    this.scheduler.connect(synth);
  }

  /** Starts from the first chorus; with `script`, the choruses of a session again. Rejects as the
   * server does, without having started. */
  async start(script = []) {
    const run = this.#reset();
    this.#source.restart(script);
    this.#change("starting");
    let first;
    try {
      first = await this.#source.ask();
    } catch (problem) {
      if (run === this.#run) this.#change("stopped");
      throw problem;
    }
    if (run !== this.#run) return;
    await this.#prepare(first);
    if (run !== this.#run) return; // stopped meanwhile
    const counted = first.count_in;
    this.timeline = new Timeline(counted ? (counted.length * 60) / first.tempo : 0);
    this.transport.play(0);
    if (counted) {
      const clicks = [{ name: "drums", notes: counted.notes }];
      this.scheduler.add(0, scheduledNotes(clicks, first.tempo));
    }
    this.#place(first);
    this.#roll();
  }

  pause() {
    if (this.state !== "playing") return;
    this.transport.pause();
    this.scheduler.silence();
    this.#clock.stopTicking();
    this.#change("paused");
  }

  resume() {
    if (this.state !== "paused") return;
    this.transport.play();
    this.#roll();
  }

  stop() {
    if (this.state === "stopped") return;
    this.#reset();
    this.#change("stopped");
  }

  #reset() {
    this.#clock.stopTicking();
    this.transport.stop();
    this.scheduler.clear();
    this.timeline = new Timeline();
    this.log = [];
    this.#asked = this.#ready = null;
    this.#heard = 0;
    return ++this.#run;
  }

  #roll() {
    this.#clock.tick(() => this.#tick());
    this.#change("playing");
    this.#tick();
  }

  #tick() {
    if (this.state !== "playing") return;
    this.#follow();
    this.#lookAhead();
    this.dispatchEvent(new Event("tick"));
    this.scheduler.tick();
  }

  /** Tells which chorus begins to be heard, and stops after the last one. */
  #follow() {
    const { heard } = this.transport;
    for (const chorus of this.timeline.choruses) {
      if (chorus.number > this.#heard && heard >= chorus.start) {
        this.#heard = chorus.number;
        this.#log(chorus.number).began = heard;
        this.dispatchEvent(new CustomEvent("chorus", { detail: chorus }));
      }
    }
    this.timeline.forget(heard);
    if (!this.#goesOn && heard > this.timeline.end + RING) {
      this.stop();
      this.dispatchEvent(new Event("ended"));
    }
  }

  get #goesOn() {
    if (this.#settings.get("repeat")) return true;
    if (this.#source.replays) return !this.#source.isOver;
    return this.#settings.get("loop") || this.timeline.last.number < this.#settings.get("choruses");
  }

  #lookAhead() {
    if (!this.#goesOn) return;
    const { last } = this.timeline;
    const beat = 60 / last.tempo;
    const left = last.end - this.transport.position;
    if (this.#settings.get("repeat")) {
      if (left < LOOK_AHEAD + beat) this.#place({ ...last, repeated: true, count_in: null });
      return;
    }
    const { signature, latency } = this.#source;
    const ahead = LOOK_AHEAD + Math.max(BEATS_AHEAD * beat, SECONDS_AHEAD) + 2 * latency;
    const under = this.#asked ?? this.#ready;
    const isStale = under?.signature !== signature && left < ahead && left > LOOK_AHEAD;
    if (!under || isStale) this.#ask(signature);
    // Notes may begin up to half a quarter before the chorus.
    if (this.#ready && left < LOOK_AHEAD + 0.1 + beat / 2) {
      this.#place(this.#ready.chorus);
    } else if (left < LATEST) {
      this.#place(this.#substitute());
    }
  }

  async #ask(signature) {
    const { number } = this.timeline.last;
    const asked = { signature };
    this.#asked = asked;
    this.#log(number + 1).asked ??= this.transport.position;
    try {
      const chorus = await this.#source.ask();
      if (asked !== this.#asked) return; // another start, or asked again since
      this.#log(number + 1).came = this.transport.position;
      this.#ready = { chorus, signature }; // if it is too late, for the chorus after the next
    } catch (problem) {
      if (asked === this.#asked) this.#failed(problem);
    } finally {
      if (asked === this.#asked) this.#asked = null;
    }
  }

  #failed(problem) {
    this.dispatchEvent(new CustomEvent("refused", { detail: problem }));
    // Not asked for again before the next chorus, or before the settings change.
    this.#ready ??= { chorus: this.#substitute(), signature: this.#source.signature };
  }

  /** An earlier chorus, where there is no new one: each of the last few in turn. */
  #substitute() {
    const [oldest] = this.#recent;
    this.#recent.push(this.#recent.shift());
    return { ...oldest, mode: this.timeline.last.mode, repeated: true, count_in: null };
  }

  /** Sets the instruments of a chorus, and decodes what its notes need. */
  #prepare(chorus) {
    for (const [channel, program] of programs(chorus.parts)) this.#synth.program(channel, program);
    return this.#synth.prepare(scheduledNotes(chorus.parts, chorus.tempo));
  }

  #place(chorus) {
    this.#source.accept(chorus);
    this.#ready = null;
    const placed = this.timeline.append(chorus);
    this.#prepare(chorus);
    const clip = scheduledNotes(chorus.parts, chorus.tempo, (name) => !hidden(placed, name));
    this.scheduler.add(placed.start, clip);
    if (!chorus.repeated) this.#recent.push(chorus);
    if (this.#recent.length > KEPT) this.#recent.shift();
    Object.assign(this.#log(placed.number), { start: placed.start, repeated: chorus.repeated });
    this.dispatchEvent(new CustomEvent("placed", { detail: placed }));
    if (chorus.repeated && !this.#settings.get("repeat")) {
      this.dispatchEvent(new Event("repeating"));
    }
  }

  #log(number) {
    let entry = this.log.find((each) => each.number === number);
    if (!entry) {
      entry = { number };
      this.log.push(entry);
      if (this.log.length > 64) this.log.shift();
    }
    return entry;
  }

  #change(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}

/** In a chorus of trading, a melody from another time is not heard. */
function hidden({ mode }, name) {
  return mode === "trade" && name === "melody";
}
