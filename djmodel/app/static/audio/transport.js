/** The position in the music, in seconds since it began, and the times of the audio clock. */

const LEAD = 0.2; // seconds from a start to the first sound

export class Transport {
  playing = false;
  #clock;
  #origin = 0; // the audio time of position 0 while it plays
  #position = 0; // while it does not

  constructor(clock) {
    this.#clock = clock;
  }

  /** The position that is being computed now. */
  get position() {
    return this.playing ? this.#clock.now - this.#origin : this.#position;
  }

  /** The position that is heard now. */
  get heard() {
    return this.playing ? this.#clock.heard - this.#origin : this.#position;
  }

  audioTime(position) {
    return position + this.#origin;
  }

  /** The position that was heard at `milliseconds` of `performance.now()`. */
  at(milliseconds) {
    return this.playing ? this.#clock.at(milliseconds) - this.#origin : this.#position;
  }

  play(position = this.#position) {
    this.#origin = this.#clock.now + LEAD - position;
    this.playing = true;
  }

  pause() {
    this.#position = Math.max(this.heard, 0);
    this.playing = false;
  }

  stop() {
    this.playing = false;
    this.#position = 0;
  }
}
