/** Fields that are settings: what is shown follows what is set, and the reverse. */

import { byId, fill } from "./dom.js";
import { described, say, warn } from "./messages.js";

const NUMBERS = { choruses: "choruses", "count-in": "count_in" };
const OPTIONAL = { tempo: "tempo", "max-copy": "max_copy", seed: "seed" }; // empty: null
const CHECKS = { loop: "loop", repeat: "repeat", letters: "letters" };
const SELECTS = { style: "style", feel: "feel", model: "model", player: "player", begins: "begins" };
const EXPLAINED = {
  ...OPTIONAL, style: "style", feel: "feel", player: "player", temperature: "temperature", "top-p": "top_p",
}; // by the help of the setting
const TAPS = 6; // the last ones count
const LONGEST_TAP = 2000; // milliseconds; later ones begin anew

export class Controls {
  #settings;
  #server;
  #models = [];
  #taps = [];
  #tempo = ""; // of the chart

  constructor(settings, server) {
    this.#settings = settings;
    this.#server = server;
    for (const [id, name] of Object.entries(NUMBERS)) this.#number(id, name, false);
    for (const [id, name] of Object.entries(OPTIONAL)) this.#number(id, name, true);
    for (const [id, name] of Object.entries(CHECKS)) {
      byId(id).addEventListener("change", ({ target }) => settings.set({ [name]: target.checked }));
    }
    for (const [id, name] of Object.entries(SELECTS)) {
      byId(id).addEventListener("change", ({ target }) =>
        settings.set({ [name]: target.value || null }),
      );
    }
    this.#slider("temperature", "temperature", (value) => value);
    this.#slider("top-p", "top_p", (value) => (value >= 1 ? null : value));
    byId("trade-bars").addEventListener("change", ({ target }) =>
      settings.set({ trade_bars: Number(target.value) }),
    );
    byId("mode").addEventListener("change", ({ target }) => settings.set({ mode: target.value }));
    byId("tap").addEventListener("pointerdown", (event) => this.#tap(event));
    byId("tap").addEventListener("keydown", (event) => {
      if (!event.repeat && (event.key === "Enter" || event.key === " ")) this.#tap(event);
    });
    byId("model-file").addEventListener("change", ({ target }) => {
      if (target.files.length) this.openModel(target.files[0]);
      target.value = "";
    });
    settings.addEventListener("change", () => this.show());
    this.show();
  }

  /** Takes what the server offers: the answer to GET /models. */
  offer({ models, styles, feels, settings, default: preferred }) {
    for (const [id, name] of Object.entries(EXPLAINED)) {
      const help = settings[name]?.help ?? "";
      byId(id).closest("label").title = help;
      byId(id).setAttribute("aria-description", help);
    }
    this.#models = [...models, ...this.#models.filter(({ source }) => source === "file")];
    this.#offerModels();
    fill(byId("style"), [["", "by the chart"], ...styles.map(named)], this.#settings.get("style") ?? "");
    fill(byId("feel"), [["", "by the style"], ...feels.map(named)], this.#settings.get("feel") ?? "");
    if (!this.#model) this.#settings.set({ model: preferred, player: null });
    this.show();
  }

  /** Sends a model file to the server and chooses the model. */
  async openModel(file) {
    say(`Reading ${file.name} …`, { stays: true });
    try {
      const { model } = await this.#server.addModel(file);
      this.#models = [...this.#models.filter(({ id }) => id !== model.id), model];
      this.#offerModels();
      this.#settings.set({ model: model.id, player: null });
      say(`${model.name} plays from the next chorus on.`);
    } catch (problem) {
      say("");
      warn("file", `${file.name}: ${described(problem)}`);
    }
  }

  /** Shows the tempo of a chart where no other is set. */
  chart({ tempo }) {
    this.#tempo = Math.round(tempo);
    this.show();
  }

  show() {
    const all = this.#settings.all();
    for (const [id, name] of Object.entries({ ...NUMBERS, ...OPTIONAL })) {
      if (document.activeElement !== byId(id)) byId(id).value = this.#shown(name);
    }
    for (const [id, name] of Object.entries(CHECKS)) byId(id).checked = all[name];
    this.#offerPlayers();
    for (const [id, name] of Object.entries(SELECTS)) byId(id).value = all[name] ?? "";
    this.#slide("temperature", all.temperature);
    this.#slide("top-p", all.top_p ?? 1);
    byId("trade-bars").value = all.trade_bars;
    byId("choruses").disabled = all.loop;
    document.querySelector(`#mode [value="${all.mode}"]`).checked = true;
    byId("trade").hidden = all.mode !== "trade";
  }

  get #model() {
    return this.#models.find(({ id }) => id === this.#settings.get("model"));
  }

  #offerModels() {
    const options = this.#models.map(({ id, name, source }) => [
      id,
      source === "bundled" ? name : `${name} (${source})`,
    ]);
    fill(byId("model"), options, this.#settings.get("model"));
  }

  #offerPlayers() {
    const players = this.#model?.players ?? [];
    byId("player-field").hidden = !players.length;
    const select = byId("player");
    if (select.dataset.model === this.#model?.id) return;
    select.dataset.model = this.#model?.id ?? "";
    const options = players.map(({ name, instrument }) => [name, `${name}, ${instrument}`]);
    fill(select, [["", "any"], ...options], this.#settings.get("player") ?? "");
    if (!select.value) this.#settings.set({ player: null });
  }

  /** A number within the bounds of its field. */
  #number(id, name, isOptional) {
    const field = byId(id);
    field.addEventListener("change", () => {
      const value = field.value === "" ? null : Number(field.value);
      if (value === null ? isOptional : Number.isFinite(value)) {
        this.#settings.set({ [name]: value === null ? null : bounded(field, value) });
      }
      field.value = this.#shown(name);
    });
  }

  #shown(name) {
    return this.#settings.get(name) ?? (name === "tempo" ? this.#tempo : "");
  }

  #slider(id, name, value) {
    byId(id).addEventListener("input", ({ target }) => {
      this.#settings.set({ [name]: value(Number(target.value)) });
    });
  }

  #slide(id, value) {
    const field = byId(id);
    field.value = value;
    field.nextElementSibling.textContent = Number(value).toFixed(2);
  }

  /** The tempo that taps beat, by the mean of their distances. */
  #tap({ timeStamp }) {
    if (timeStamp - this.#taps.at(-1) > LONGEST_TAP) this.#taps = [];
    this.#taps = [...this.#taps, timeStamp].slice(-TAPS);
    if (this.#taps.length < 2) return;
    const mean = (this.#taps.at(-1) - this.#taps[0]) / (this.#taps.length - 1);
    this.#settings.set({ tempo: bounded(byId("tempo"), 60000 / mean) });
  }
}

function bounded(field, value) {
  const { min, max } = field;
  return Math.round(Math.min(Math.max(value, min === "" ? -Infinity : min), max === "" ? Infinity : max));
}

function named(name) {
  return [name, name];
}
