/** The choruses that play one after the other: their places in seconds, and in quarters counted
 * through all of them. Each chorus has one tempo. */

const KEPT = 4; // choruses, of those that are over

export class Timeline {
  /** Placed choruses `{number, start, end, quarter, tempo, length, bars, parts, ...}`: `start` and
   * `end` in seconds, `quarter` the number of quarters before. */
  choruses = [];
  #offset = 0;

  /** @param offset where the first chorus begins, in seconds: the length of the count-in */
  constructor(offset = 0) {
    this.#offset = offset;
  }

  get last() {
    return this.choruses.at(-1);
  }

  /** Where the music ends, in seconds. */
  get end() {
    return this.last?.end ?? this.#offset;
  }

  /** Appends a chorus `{tempo, length, bars, ...}` and returns it with its place. */
  append(chorus) {
    const { last, end: start } = this;
    const placed = {
      ...chorus,
      number: (last?.number ?? 0) + 1,
      start,
      end: start + (chorus.length * 60) / chorus.tempo,
      quarter: last ? last.quarter + last.length : 0,
    };
    this.choruses.push(placed);
    return placed;
  }

  /** Forgets what is long over at a position. */
  forget(position) {
    while (this.choruses.length > KEPT && this.choruses[1].end < position) this.choruses.shift();
  }

  /** The chorus at a position in seconds; the first before it, the last after it. */
  at(position) {
    return this.choruses.find(({ end }) => position < end) ?? this.last;
  }

  seconds(quarter) {
    const chorus = this.choruses.find((each) => quarter < each.quarter + each.length) ?? this.last;
    return chorus ? chorus.start + ((quarter - chorus.quarter) * 60) / chorus.tempo : this.#offset;
  }

  quarter(position) {
    const chorus = this.at(position);
    return chorus ? chorus.quarter + ((position - chorus.start) * chorus.tempo) / 60 : 0;
  }

  /** `{chorus, bar, beat}` at a position: indices from 0, `bar` -1 before the music begins. */
  place(position) {
    const chorus = this.at(position);
    if (!chorus) return null;
    const inside = this.quarter(position) - chorus.quarter;
    const bar = chorus.bars.findLastIndex(({ onset }) => onset <= inside + 1e-6);
    const beats = chorus.bars[bar]?.beats ?? [];
    const beat = beats.findLastIndex((onset) => chorus.bars[bar].onset + onset <= inside + 1e-6);
    return { chorus, bar, beat };
  }
}

/** The length in quarters of bars `first` to `first + count - 1` of a chart, which repeats. */
export function barsLength(bars, first, count) {
  let length = 0;
  for (let bar = first; bar < first + count; bar++) length += bars[bar % bars.length].length;
  return length;
}
