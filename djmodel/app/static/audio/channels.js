/** The MIDI channels of the page: one for each strip of the mixer. */

export const CHANNELS = Object.freeze({
  melody: 0,
  chords: 1,
  bass: 2,
  you: 3,
  drums: 9,
  metronome: 10,
});
export const STRIPS = Object.freeze(Object.keys(CHANNELS));
export const DRUM_CHANNELS = Object.freeze([CHANNELS.drums, CHANNELS.metronome]);
