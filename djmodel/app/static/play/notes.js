/** Notes of the protocol, in quarters, as the scheduler takes them, in seconds. */

import { CHANNELS } from "../audio/channels.js";

/** The notes of all parts of a chorus, by their starts, in seconds from its own start. */
export function scheduledNotes(parts, tempo, only = () => true) {
  const quarter = 60 / tempo;
  const notes = parts
    .filter(({ name }) => name in CHANNELS && only(name))
    .flatMap(({ name, notes }) =>
      notes.map(({ start, end, pitch, velocity }) => ({
        channel: CHANNELS[name],
        pitch,
        velocity,
        start: start * quarter,
        end: Math.max(end, start + 0.02) * quarter,
      })),
    );
  return notes.sort((one, other) => one.start - other.start);
}

/** The programs of the parts, by channel; drums have kits, which are programs, too. */
export function programs(parts) {
  return new Map(
    parts
      .filter(({ name, program }) => name in CHANNELS && Number.isInteger(program))
      .map(({ name, program }) => [CHANNELS[name], program]),
  );
}

export function melodyOf(parts) {
  return parts.find(({ name }) => name === "melody");
}
