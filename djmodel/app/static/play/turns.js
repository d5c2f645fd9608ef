/** Trading: whose turn it is. Turns follow each other through the choruses, which repeat the chart;
 * a turn may run on from one chorus into the next. */

import { barsLength } from "./timeline.js";

export class Turns {
  /** Turns `{number, by, chorus, bar, bars, start, end}`: `by` "you" or "model", `bar` counted from
   * the start of `chorus` (a placed chorus), `start` and `end` in quarters through all choruses. */
  list = [];
  #bars;
  #next; // who
  #count = 0;

  constructor(bars, begins) {
    this.#bars = bars;
    this.#next = begins;
  }

  /** Adds the turns that begin in a chorus. A turn that was to run on into a chorus over other
   * changes ends where that begins. Returns the new turns. */
  extend(chorus) {
    const last = this.list.at(-1);
    const end = chorus.quarter + chorus.length;
    let bar = 0;
    let start = chorus.quarter;
    if (last && last.end > start) {
      if (last.chorus.request.changes === chorus.request.changes) {
        while (start < last.end - 1e-6) start += chorus.bars[bar++ % chorus.bars.length].length;
      } else last.end = start;
    }
    const added = [];
    while (start < end - 1e-6) {
      const length = barsLength(chorus.bars, bar, this.#bars);
      const turn = { number: this.#count++, by: this.#next, chorus, bar, bars: this.#bars };
      added.push({ ...turn, start, end: start + length });
      this.#next = other(this.#next);
      start += length;
      bar += this.#bars;
    }
    this.list.push(...added);
    return added;
  }

  /** Ends the turn that is under way at a quarter, where trading ends. */
  cut(quarter) {
    const last = this.list.at(-1);
    if (last && last.end > quarter) last.end = quarter;
  }

  /** The turn at a quarter, null before the first and after the last. */
  at(quarter) {
    return this.list.find(({ start, end }) => start <= quarter && quarter < end) ?? null;
  }

  before(turn) {
    return this.list[this.list.indexOf(turn) - 1] ?? null;
  }

  forget(quarter) {
    while (this.list.length > 4 && this.list[1].end < quarter) this.list.shift();
  }
}

export function other(by) {
  return by === "you" ? "model" : "you";
}

/** Whole bars that are left of a turn at a quarter, the present one included. */
export function barsLeft(turn, quarter) {
  const { chorus, bar, bars, start } = turn;
  let passed = start;
  for (let index = 0; index < bars; index++) {
    passed += barsLength(chorus.bars, bar + index, 1);
    if (quarter < passed - 1e-6) return bars - index;
  }
  return 0;
}
