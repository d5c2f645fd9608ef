/** Notes over time: the strip of music that moves past the playhead, and single phrases. Widths are
 * in quarters, heights in semitones. */

import { element, svg } from "./dom.js";

const PIXELS_PER_QUARTER = 38;
const HEAD = 0.3; // the place of the playhead, as a share of the width
const SHOWN = 3; // choruses
const LEAST_RANGE = 24; // semitones

export class PianoRoll {
  #element;
  #strip = element("div", { className: "strip-of-music" });
  #drawn = []; // {chorus, svg, names, pitches}
  #held = new Set(); // notes of the user that are sounding, with their boxes
  #steady = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(roll) {
    this.#element = roll;
    roll.replaceChildren(this.#strip, element("div", { id: "playhead" }));
  }

  clear() {
    this.#drawn = [];
    this.#held.clear();
    this.#strip.replaceChildren();
    this.move(0);
  }

  /** Adds a placed chorus. */
  add(chorus) {
    const left = `${chorus.quarter * PIXELS_PER_QUARTER}px`;
    const width = `${chorus.length * PIXELS_PER_QUARTER}px`;
    const drawing = svg("svg", { preserveAspectRatio: "none" });
    Object.assign(drawing.style, { left, width });
    const names = element("div", { className: "names" });
    names.style.left = left;
    for (const bar of chorus.bars) {
      for (const beat of bar.beats) drawing.append(line(bar.onset + beat, beat === 0));
      for (const [index, chord] of bar.chords.entries()) {
        const end = bar.chords[index + 1]?.onset ?? bar.length;
        const name = element("span", { textContent: chord.sounding ? chord.engraved : "N.C." });
        name.style.left = `${(bar.onset + chord.onset) * PIXELS_PER_QUARTER}px`;
        name.style.width = `${(end - chord.onset) * PIXELS_PER_QUARTER}px`;
        names.append(name);
      }
    }
    this.#drawn.push({ chorus, svg: drawing, names, pitches: [] });
    for (const { name, notes } of chorus.parts) {
      if (name === "chords") this.#draw(chorus.quarter, notes, () => "behind", false);
      if (name === "you") this.#draw(chorus.quarter, notes, () => "you");
    }
    const melody = chorus.parts.find(({ name }) => name === "melody");
    if (melody && chorus.mode !== "trade") this.#draw(chorus.quarter, melody.notes, kindOf);
    this.#strip.append(drawing, names);
    while (this.#drawn.length > SHOWN) {
      const gone = this.#drawn.shift();
      gone.svg.remove();
      gone.names.remove();
    }
    this.#fit();
  }

  /** Adds notes of the model that begin at a quarter. */
  addAnswer(start, notes) {
    this.#draw(start, notes, kindOf);
    this.#fit();
  }

  /** Adds a note of the user, `{start, end, pitch}` in quarters; while `end` is null it grows. */
  addYours(note) {
    const [box] = this.#draw(0, [{ ...note, end: note.end ?? note.start }], () => "you");
    if (box && note.end === null) this.#held.add({ note, box });
    this.#fit();
  }

  /** Moves the music so that a quarter is at the playhead. */
  move(quarter) {
    const width = this.#element.clientWidth;
    let pixels = quarter * PIXELS_PER_QUARTER;
    let head = width * HEAD;
    if (this.#steady.matches) {
      // A page at a time, over which the playhead moves.
      const page = Math.floor(pixels / (width * 0.9)) * width * 0.9;
      [head, pixels] = [pixels - page, pixels];
    }
    this.#element.querySelector("#playhead").style.left = `${head}px`;
    this.#strip.style.transform = `translateX(${head - pixels}px)`;
    for (const held of this.#held) {
      const { note, box } = held;
      box.setAttribute("width", Math.max((note.end ?? quarter) - note.start, 0.05));
      if (note.end !== null) this.#held.delete(held);
    }
  }

  #draw(start, notes, kind, fits = true) {
    return notes.map((note) => {
      const quarter = start + note.start;
      const place =
        this.#drawn.findLast(({ chorus }) => chorus.quarter <= quarter + 0.5) ?? this.#drawn[0];
      if (!place) return null;
      const box = noteBox({ ...note, start: quarter - place.chorus.quarter, end: start + note.end - place.chorus.quarter }, kind(note));
      place.svg.append(box);
      if (fits) place.pitches.push(note.pitch);
      return box;
    });
  }

  #fit() {
    const range = rangeOf(this.#drawn.flatMap(({ pitches }) => pitches));
    for (const { chorus, svg: drawing } of this.#drawn) {
      drawing.setAttribute("viewBox", `0 ${-range.high} ${chorus.length} ${range.high - range.low}`);
    }
  }
}

/** Draws the phrases of a turn into an element: `layers` are `{notes, kind}`, notes in quarters from
 * its start; `text` stands there while there is none. */
export function drawPhrase(place, { length, bars = [], layers = [], text = "" }) {
  const notes = layers.flatMap((layer) => layer.notes);
  const range = rangeOf(notes.map(({ pitch }) => pitch));
  const drawing = svg("svg", {
    preserveAspectRatio: "none",
    viewBox: `0 ${-range.high} ${length} ${range.high - range.low}`,
  });
  let onset = 0;
  for (const bar of bars) {
    for (const beat of bar.beats) drawing.append(line(onset + beat, beat === 0));
    onset += bar.length;
  }
  for (const layer of layers) {
    for (const note of layer.notes) drawing.append(noteBox(note, layer.kind ?? kindOf(note)));
  }
  const head = element("div", { className: "head-line", hidden: true });
  place.replaceChildren(drawing, head);
  if (text && !notes.length) place.append(element("p", { textContent: text }));
}

/** Moves the playhead of a phrase to a share of its length; outside it is hidden. */
export function movePhrase(place, share) {
  const head = place.querySelector(".head-line");
  if (!head) return;
  head.hidden = !(share >= 0 && share <= 1);
  head.style.left = `${share * 100}%`;
}

function kindOf(note) {
  return note.kind ?? "X";
}

function noteBox({ start, end, pitch }, kind) {
  const width = Math.max((end ?? start) - start, 0.05);
  return svg("rect", { x: start, y: -pitch - 0.5, width, height: 1, class: kind });
}

function line(quarter, isBar) {
  return svg("line", { x1: quarter, x2: quarter, y1: -128, y2: 0, class: isBar ? "bar" : "beat" });
}

function rangeOf(pitches) {
  const middle = pitches.length ? (Math.min(...pitches) + Math.max(...pitches)) / 2 : 67;
  const spread = pitches.length ? Math.max(...pitches) - Math.min(...pitches) + 6 : 0;
  const half = Math.max(spread, LEAST_RANGE) / 2;
  return { low: middle - half, high: middle + half };
}
