/** Typing changes: each change of the text is read by the server, mistakes are marked where they
 * stand, and a chart without mistakes is what is played next. */

import { ServerGone } from "../core/server.js";
import { byId, counted, element, fill } from "./dom.js";
import { described, say, solved, warn } from "./messages.js";

const LINK = /^\s*(<|irealb)/i; // of iReal Pro, or a page that it exported
const PAUSE_MILLISECONDS = 180; // of typing
const MAJOR = ["C", "D♭", "D", "E♭", "E", "F", "G♭", "G", "A♭", "A", "B♭", "B"];
const MINOR = ["Cm", "C♯m", "Dm", "E♭m", "Em", "Fm", "F♯m", "Gm", "G♯m", "Am", "B♭m", "Bm"];

/** Fires "chart" with `detail` = the answer of the server, for each chart without mistakes. */
export class ChartEditor extends EventTarget {
  chart = null;
  #server;
  #settings;
  #text = byId("changes");
  #marks = byId("marks");
  #timer = 0;
  #asked = 0;

  constructor(server, settings) {
    super();
    this.#server = server;
    this.#settings = settings;
    this.#text.value = settings.get("changes");
    byId("edit").open = matchMedia("(min-width: 40rem)").matches;
    byId("meter").value = settings.get("meter");
    this.#text.addEventListener("input", () => this.#later());
    this.#text.addEventListener("scroll", () => this.#scroll());
    new ResizeObserver(() => this.#scroll()).observe(this.#text);
    byId("meter").addEventListener("change", () => this.read());
    byId("form").addEventListener("change", ({ target }) => this.#choose(target));
    byId("key").addEventListener("change", ({ target }) => this.transpose(Number(target.value)));
    byId("up").addEventListener("click", () => this.transpose(1));
    byId("down").addEventListener("click", () => this.transpose(-1));
    byId("tune").addEventListener("change", ({ target }) => {
      if (target.files.length) this.open(target.files[0]);
      target.value = "";
    });
  }

  /** Shows other changes, and reads them. */
  async show(text, meter = this.#settings.get("meter")) {
    this.#text.value = text;
    byId("meter").value = meter;
    await this.read();
  }

  /** Reads the text; with `transpose`, semitones, the chart is written out in another key. */
  async read(transpose = 0) {
    clearTimeout(this.#timer);
    const asked = ++this.#asked;
    const text = this.#text.value;
    const meter = byId("meter").value.trim() || "4/4";
    let answer;
    try {
      answer = await this.#server.chart(text, meter, transpose);
      solved("chart");
    } catch (problem) {
      if (!(problem instanceof ServerGone)) warn("chart", described(problem));
      return;
    }
    if (asked !== this.#asked) return; // typed on meanwhile
    this.#showMistakes(answer.errors);
    if (!answer.ok) return;
    if (answer.text !== text) this.#text.value = answer.text;
    this.#scroll();
    this.#accept(answer, meter, LINK.test(text));
  }

  transpose(semitones) {
    return this.read(semitones);
  }

  /** Opens a MIDI, MusicXML or text file. */
  async open(file) {
    say(`Reading ${file.name} …`, { stays: true });
    try {
      if (/\.(txt|ls)$/i.test(file.name)) {
        await this.show(await file.text());
      } else {
        const tune = await this.#server.tune(file);
        this.#settings.set({ tempo: Math.round(tune.tempo) });
        await this.show(tune.text, tune.bars[0]?.meter);
      }
      say(`${file.name} is open.`);
    } catch (problem) {
      say("");
      warn("file", `${file.name}: ${described(problem)}`);
    }
  }

  /** The names of forms to choose from. */
  offer(forms) {
    fill(byId("form"), [["", "choose …"], ...forms.map((name) => [name, name])], "");
  }

  async #choose(select) {
    const name = select.value;
    select.value = "";
    if (name) await this.show(name, "4/4");
  }

  #later() {
    this.#scroll();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.read(), PAUSE_MILLISECONDS);
  }

  #accept(chart, meter, isLink) {
    this.chart = chart;
    if (isLink) this.#settings.set({ tempo: Math.round(chart.tempo) });
    this.#settings.set({ changes: chart.text, meter });
    const isMinor = / minor$|m$/.test(chart.key_name);
    const tonic = (((chart.key * 7 + (isMinor ? 9 : 0)) % 12) + 12) % 12;
    const names = isMinor ? MINOR : MAJOR;
    const keys = names.map((name, pitch) => {
      const up = (pitch - tonic + 12) % 12;
      return [String(up > 6 ? up - 12 : up), up === 0 ? shownKey(chart, name) : name];
    });
    fill(byId("key"), keys, "0");
    byId("chart-about").textContent = `${titleOf(chart)}${counted(chart.bars.length, "bar")}`;
    this.dispatchEvent(new CustomEvent("chart", { detail: chart }));
  }

  #showMistakes(errors) {
    const text = this.#text.value;
    this.#text.setAttribute("aria-invalid", errors.length > 0);
    const parts = [];
    let at = 0;
    for (const { start, length, message } of errors) {
      if (start < at || (!length && !start)) continue;
      parts.push(text.slice(at, start));
      parts.push(element("mark", { textContent: text.slice(start, start + length), title: message }));
      at = start + length;
    }
    this.#marks.replaceChildren(...parts, text.slice(at), "\n");
    byId("mistakes").replaceChildren(...errors.map((error) => this.#mistake(error)));
    this.#scroll();
  }

  /** A mistake as an entry of a list; a click goes to its place. */
  #mistake(error) {
    const { start, length, line, column } = error;
    const where = length ? `Line ${line}, column ${column}: ` : "";
    const button = element("button", { type: "button", textContent: where + described(error) });
    button.addEventListener("click", () => {
      this.#text.focus();
      this.#text.setSelectionRange(start, start + length);
    });
    return element("li", {}, button);
  }

  /** Keeps the marks where the text is. */
  #scroll() {
    this.#marks.style.height = `${this.#text.offsetHeight}px`;
    this.#marks.scrollTop = this.#text.scrollTop;
  }
}

/** The title of a chart, unless it is made of its first chords. */
function titleOf({ title, bars }) {
  const first = bars[0]?.chords[0]?.symbol ?? "";
  return !title || title.startsWith("[") || title.startsWith(first) ? "" : `${title} · `;
}

function shownKey({ key_name: name }, otherwise) {
  if (!name) return otherwise;
  return name.replace(/ major$/, "").replace(/ minor$/, "m").replace(/^([A-G])b/, "$1♭").replace("#", "♯");
}
