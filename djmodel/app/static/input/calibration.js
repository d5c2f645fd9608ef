/** The latency of an instrument: how much later a note arrives than the player hears the click
 * that it was played with. */

const TAPS = 8;
const FAR = 0.3; // seconds from a click: no tap with it

/** The median distance of taps from their nearest clicks, in seconds, both of the audio clock; null
 * with fewer than half of TAPS. */
export function latency(taps, clicks) {
  const distances = taps
    .map((tap) => clicks.map((click) => tap - click).sort((a, b) => Math.abs(a) - Math.abs(b))[0])
    .filter((distance) => Math.abs(distance) < FAR)
    .sort((one, other) => one - other);
  if (distances.length < TAPS / 2) return null;
  const middle = distances.length >> 1;
  return distances.length % 2
    ? distances[middle]
    : (distances[middle - 1] + distances[middle]) / 2;
}

/** Clicks to tap with, and the latency measured from the taps. */
export class Calibration {
  clicks = [];
  #taps = [];

  /** Sends the clicks through `click(time)`, from audio time `start` on. The first four are to
   * listen to. */
  constructor(start, click, interval = 0.6) {
    for (let index = 0; index < TAPS + 4; index++) {
      this.clicks.push(start + index * interval);
      click(this.clicks[index]);
    }
  }

  tap(time) {
    this.#taps.push(time);
  }

  get end() {
    return this.clicks.at(-1) + FAR;
  }

  get result() {
    return latency(this.#taps, this.clicks);
  }
}
