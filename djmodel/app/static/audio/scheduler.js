/** A look-ahead scheduler: notes are handed to the synthesizer before they sound, with the time of the audio clock at which they do.
 *
 * Notes that come too late, after the machine slept, are skipped rather than played all at once;
 * what sounds is always ended. */

/** Seconds; more than a busy machine holds the page up. What is sent can be taken back. */
export const LOOK_AHEAD = 1;
const LATE = 0.05; // seconds
const LOG_LENGTH = 512; // notes

export class Scheduler {
  /** The last notes sent: `{channel, pitch, time, sent}`, audio times. */
  log = [];
  skipped = 0;
  #transport;
  #synth = null;
  #clips = [];
  #ends = []; // of notes that are sent: [position, channel, pitch]

  constructor(transport) {
    this.#transport = transport;
  }

  connect(synth) {
    this.#synth = synth;
  }

  /** Adds notes `{channel, pitch, velocity, start, end}`, seconds from position `start`, in the
   * order of their starts. Those before the position are skipped. Returns the clip. */
  add(start, notes) {
    const clip = { start, notes, next: 0 };
    while (clip.next < notes.length && start + notes[clip.next].start < this.#transport.position) {
      clip.next++;
    }
    this.#clips.push(clip);
    return clip;
  }

  /** Takes out the notes of a clip that are not sent yet. */
  remove(clip) {
    this.#clips = this.#clips.filter((each) => each !== clip);
  }

  clear() {
    this.#clips = [];
    this.silence();
  }

  /** Ends what sounds, takes back what is sent, and returns to the first note after the position:
   * a pause. */
  silence() {
    this.#synth?.cancel();
    for (const [, channel, pitch] of this.#ends) this.#synth?.noteOff(channel, pitch);
    this.#ends = [];
    const { position } = this.#transport;
    for (const clip of this.#clips) {
      const first = clip.notes.findIndex((note) => clip.start + note.start >= position);
      clip.next = first < 0 ? clip.notes.length : first;
    }
  }

  /** Sends what is due; to be called a few dozen times a second while the music plays. */
  tick() {
    if (!this.#transport.playing || !this.#synth) return;
    const { position } = this.#transport;
    const horizon = position + LOOK_AHEAD;
    const due = [];
    for (const clip of this.#clips) {
      for (; clip.next < clip.notes.length; clip.next++) {
        const note = clip.notes[clip.next];
        const start = clip.start + note.start;
        if (start >= horizon) break;
        if (start < position - LATE) this.skipped++;
        else due.push({ ...note, start, end: clip.start + note.end });
      }
    }
    // A clip stays until all of it is over: a pause returns to what was sent and not yet heard.
    this.#clips = this.#clips.filter(
      ({ start, notes }) => notes.length && start + notes.at(-1).start > position - LOOK_AHEAD,
    );
    due.sort((one, other) => one.start - other.start);
    for (const note of due) this.#send(note);
    this.#release(horizon);
  }

  #send({ channel, pitch, velocity, start, end }) {
    this.#release(start); // a note that ends where another begins ends first
    const again = this.#ends.findIndex((each) => each[1] === channel && each[2] === pitch);
    if (again >= 0) this.#end(this.#ends.splice(again, 1)[0], start);
    const time = this.#transport.audioTime(start);
    this.#synth.noteOn(channel, pitch, velocity, time);
    this.#ends.push([end, channel, pitch]);
    this.log.push({ channel, pitch, time, sent: time - start + this.#transport.position });
    if (this.log.length > LOG_LENGTH) this.log.shift();
  }

  /** Ends the notes that end before `position`. */
  #release(position) {
    const over = this.#ends.filter(([end]) => end <= position);
    if (!over.length) return;
    this.#ends = this.#ends.filter(([end]) => end > position);
    over.sort(([one], [other]) => one - other);
    for (const ended of over) this.#end(ended, ended[0]);
  }

  #end([, channel, pitch], position) {
    this.#synth.noteOff(channel, pitch, this.#transport.audioTime(position));
  }
}
