/** Typing changes: each change of the text is read by the server, mistakes are marked where they
 * stand, and a chart without mistakes is what is played next. Of a playlist one song is read, and
 * the others can be chosen. */

import { ServerGone } from "../core/server.js";
import { keep, keptObject } from "../core/settings.js";
import { byId, counted, element, fill } from "./dom.js";
import { described, say, solved, warn } from "./messages.js";

const PLAYLIST = "djmodel.playlist"; // where the browser keeps it
const PAUSE_MILLISECONDS = 180; // of typing
const MAJOR = ["C", "D♭", "D", "E♭", "E", "F", "G♭", "G", "A♭", "A", "B♭", "B"];
const MINOR = ["Cm", "C♯m", "Dm", "E♭m", "Em", "Fm", "F♯m", "Gm", "G♯m", "Am", "B♭m", "Bm"];

/** Fires "chart" with `detail` = the answer of the server, for each chart without mistakes, and
 * "mistakes" with those of the text, an empty list for none. */
export class ChartEditor extends EventTarget {
  chart = null;
  mistakes = [];
  #server;
  #settings;
  #text = byId("changes");
  #marks = byId("marks");
  #timer = 0; // until the text is read; 0: it was
  #reading = Promise.resolve();
  #asked = 0;
  #playlist = null; // {text, songs}: a link, and the titles in it

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
    byId("song").addEventListener("change", ({ target }) => {
      if (target.value) this.read({ song: target.value });
    });
    this.#playlist = keptPlaylist();
    this.#offerSongs("");
    byId("key").addEventListener("change", ({ target }) => this.transpose(Number(target.value)));
    byId("up").addEventListener("click", () => this.transpose(1));
    byId("down").addEventListener("click", () => this.transpose(-1));
    byId("tune").addEventListener("change", ({ target }) => {
      if (target.files.length) this.open(target.files[0]);
      target.value = "";
    });
  }

  /** Shows other changes, and reads them as `read` does. */
  async show(text, { meter = this.#settings.get("meter"), keepsTempo = false } = {}) {
    this.#text.value = text;
    byId("meter").value = meter;
    byId("song").value = "";
    await this.read({ keepsTempo });
  }

  /** Reads the text, or `song` of the playlist; with `transpose`, semitones, the chart is written
   * out in another key. Another tempo that the chart names takes the place of the one that is set,
   * unless `keepsTempo`. */
  read(options = {}) {
    this.#reading = this.#read(options);
    return this.#reading;
  }

  /** The first mistake of the text as it is now; null for none. */
  async mistake() {
    await (this.#timer ? this.read() : this.#reading);
    return this.mistakes[0] ?? null;
  }

  /** Shows the place of the first mistake. */
  goToMistake() {
    byId("edit").open = true;
    this.#select(this.mistakes[0] ?? { start: 0, length: 0 });
    byId("edit").scrollIntoView({ block: "nearest" });
  }

  async #read({ transpose = 0, song = null, keepsTempo = transpose !== 0 }) {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const asked = ++this.#asked;
    const text = song === null ? this.#text.value : this.#playlist.text;
    const meter = byId("meter").value.trim() || "4/4";
    let answer;
    try {
      answer = await this.#server.chart(text, meter, { transpose, song });
      solved("chart");
    } catch (problem) {
      if (problem instanceof ServerGone || asked !== this.#asked) return;
      answer = { ok: false, songs: [], errors: [{ start: 0, length: 0, bar: 0, message: problem.message, hint: problem.hint }] };
    }
    if (asked !== this.#asked) return; // typed on meanwhile
    if (answer.songs.length > 1 && song === null) {
      this.#playlist = { text, songs: answer.songs };
      keep(PLAYLIST, JSON.stringify(this.#playlist));
      this.#offerSongs(answer.songs[0]);
    }
    this.#showMistakes(answer.errors);
    if (!answer.ok) return;
    if (answer.text !== this.#text.value) this.#text.value = answer.text;
    this.#scroll();
    this.#accept(answer, meter, keepsTempo);
  }

  transpose(semitones) {
    return this.read({ transpose: semitones });
  }

  /** Opens a file: MIDI, sheet music, a page of iReal Pro, or text. */
  async open(file) {
    say(`Reading ${file.name} …`, { stays: true });
    try {
      const tune = await this.#server.tune(file);
      if (tune.changes) await this.show(tune.changes);
      else await this.show(tune.text, { meter: tune.bars[0]?.meter });
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
    if (name) await this.show(name, { meter: "4/4" });
  }

  /** Offers the songs of the playlist, which stays until there is another one. */
  #offerSongs(song) {
    const songs = this.#playlist?.songs ?? [];
    fill(byId("song"), [["", "choose …"], ...songs.map((title) => [title, title])], song);
    byId("song-field").hidden = !songs.length;
  }

  #later() {
    this.#scroll();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.read(), PAUSE_MILLISECONDS);
  }

  #accept(chart, meter, keepsTempo) {
    const before = this.chart;
    const isNewTempo = !before?.has_tempo || before.tempo !== chart.tempo;
    this.chart = chart;
    if (chart.has_tempo && isNewTempo && !keepsTempo) this.#settings.set({ tempo: null });
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
    this.mistakes = errors;
    this.dispatchEvent(new CustomEvent("mistakes", { detail: errors }));
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
    const { length, line, column } = error;
    const where = length ? `Line ${line}, column ${column}: ` : "";
    const button = element("button", { type: "button", textContent: where + described(error) });
    button.addEventListener("click", () => this.#select(error));
    return element("li", {}, button);
  }

  #select({ start, length }) {
    this.#text.focus();
    this.#text.setSelectionRange(start, start + length);
  }

  /** Keeps the marks where the text is. */
  #scroll() {
    this.#marks.style.height = `${this.#text.offsetHeight}px`;
    this.#marks.scrollTop = this.#text.scrollTop;
  }
}

function keptPlaylist() {
  const { text, songs } = keptObject(PLAYLIST) ?? {};
  const isPlaylist = Array.isArray(songs) && [text, ...songs].every((each) => typeof each === "string");
  return isPlaylist ? { text, songs } : null;
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
