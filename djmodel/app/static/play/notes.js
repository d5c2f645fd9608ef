/** Notes of the protocol, in quarters, as the scheduler takes them, in seconds. */

import { CHANNELS } from "../audio/channels.js";

const VELOCITY = 92; // of a note that is only written

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

/** The band of a chorus with what was traded over it: the parts and the melody of both players. */
export function withTrades(chorus, trades) {
  const begun = trades
    .filter(({ bar }) => bar in chorus.bars)
    .map((trade) => ({ ...trade, onset: chorus.bars[trade.bar].onset }));
  const of = (isYours) =>
    begun.filter(({ by }) => (by === "you") === isYours).flatMap((trade) => {
      const notes = trade.notes ?? trade.melody.map(asPlayed);
      return notes.map(ended).map((note) => moved(note, trade.onset));
    });
  const band = chorus.parts.map((part) => (part.name === "melody" ? { ...part, notes: of(false) } : part));
  const melody = begun.flatMap((trade) => trade.melody.map(([at, ...rest]) => [at + trade.onset, ...rest]));
  return { ...chorus, melody, parts: [...band, { name: "you", notes: of(true) }] };
}

/** A note of which the end is known. */
export function ended(note) {
  return { ...note, end: note.end ?? note.start + 0.25 };
}

function asPlayed([start, duration, pitch]) {
  return { start, end: start + duration, pitch, velocity: VELOCITY };
}

function moved(note, quarters) {
  return { ...note, start: note.start + quarters, end: note.end + quarters };
}
