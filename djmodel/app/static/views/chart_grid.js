/** The bars of a chart, as players write them: four in a line, a new line for each section. */

import { element } from "./dom.js";

const PER_LINE = 4;
const PHONE_LETTERS = 7; // in a bar, for four bars in a line of a phone
const SMALL = 0.68; // the size of what follows the root, as a share of the root's

export class ChartGrid {
  #element;
  #bars = [];
  #boxes = [];
  #now = { bar: -1, chord: -1 };

  constructor(grid) {
    this.#element = grid;
  }

  draw(bars) {
    this.#bars = bars;
    this.#now = { bar: -1, chord: -1 };
    let column = 0;
    let meter = "";
    this.#boxes = bars.map((bar, index) => {
      const box = this.#box(bar, index, bar.meter !== meter);
      if (bar.section && column > 0) {
        box.classList.add("new-line");
        column = 0;
      }
      column = (column + 1) % PER_LINE;
      ({ meter } = bar);
      return box;
    });
    this.#boxes.at(-1)?.classList.add("last");
    // Letters are as large as most bars have room for; a bar that holds more has smaller ones.
    const letters = bars.map(lettersOf);
    const usual = [...letters].sort((one, other) => one - other)[Math.floor(bars.length * 0.8)] ?? 1;
    for (const [index, box] of this.#boxes.entries()) {
      box.style.setProperty("--letters", Math.max(letters[index], usual));
    }
    this.#element.classList.toggle("two-on-phone", usual > PHONE_LETTERS);
    this.#element.replaceChildren(...this.#boxes);
  }

  /** Lights the bar and the chord at `inside`, in quarters from the start of the chorus; none
   * before it. */
  follow(bar, inside) {
    const box = this.#boxes[bar];
    const onset = inside - (this.#bars[bar]?.onset ?? 0);
    const chord = this.#bars[bar]?.chords.findLastIndex((each) => each.onset <= onset + 1e-6) ?? -1;
    if (bar === this.#now.bar && chord === this.#now.chord) return;
    for (const each of this.#element.querySelectorAll(".now")) each.classList.remove("now");
    box?.classList.add("now");
    if (box) this.#scrollTo(box);
    box?.querySelectorAll(".symbol")[chord]?.classList.add("now");
    this.#now = { bar, chord };
  }

  /** Shows a bar and the line after it, where the chart is longer than its place. */
  #scrollTo({ offsetTop, offsetHeight }) {
    const { scrollTop, clientHeight } = this.#element;
    const isSeen = offsetTop >= scrollTop && offsetTop + 2 * offsetHeight <= scrollTop + clientHeight;
    if (!isSeen) this.#element.scrollTop = offsetTop - offsetHeight;
  }

  /** Marks the bars of a turn; null marks none. */
  mark(turn) {
    const { length } = this.#boxes;
    for (const [index, box] of this.#boxes.entries()) {
      const isIn = turn && (index - (turn.bar % length) + length) % length < turn.bars;
      box.classList.toggle("yours", Boolean(isIn) && turn.by === "you");
      box.classList.toggle("models", Boolean(isIn) && turn.by === "model");
    }
  }

  #box(bar, index, showsMeter) {
    const box = element("div", { className: "box", role: "listitem" });
    box.style.setProperty("--beats", bar.beats.length || 1);
    const spoken = bar.chords.map(({ symbol, sounding }) => (sounding ? symbol : "no chord"));
    const name = bar.section ? `Section ${bar.section}, bar` : "Bar";
    box.setAttribute("aria-label", `${name} ${index + 1}: ${spoken.join(", ")}`);
    if (bar.section) box.dataset.section = bar.section;
    if (showsMeter) box.append(element("span", { className: "meter", textContent: bar.meter }));
    box.append(...bar.chords.map((chord, place) => symbolOf(bar, chord, place)));
    return box;
  }
}

function symbolOf(bar, { onset, engraved, sounding }, place) {
  const first = beatAt(bar, onset);
  const next = bar.chords[place + 1];
  const end = next ? beatAt(bar, next.onset) : bar.beats.length;
  const [, root, rest] = /^([A-G][♭♯]?)(.*)$/.exec(sounding ? engraved : "") ?? [null, "N.C.", ""];
  const symbol = element("span", { className: "symbol", textContent: root });
  if (rest) symbol.append(element("small", { textContent: rest }));
  symbol.style.setProperty("--beat", first + 1);
  symbol.style.setProperty("--span", Math.max(end - first, 1));
  return symbol;
}

function beatAt({ beats }, onset) {
  return Math.max(beats.findLastIndex((beat) => beat <= onset + 1e-6), 0);
}

/** The letters, of the size of a root, that a bar would hold if each of its chords were as long as
 * the tightest one. */
function lettersOf({ chords, length }) {
  return Math.max(
    ...chords.map(({ onset, engraved }, place) => {
      const end = chords[place + 1]?.onset ?? length;
      const [root] = /^[A-G]?[♭♯]?/.exec(engraved);
      const letters = root.length + SMALL * (engraved.length - root.length) + 0.7;
      return (letters * length) / (end - onset);
    }),
  );
}
