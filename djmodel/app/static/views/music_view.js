/** Chart, piano roll and lead sheet, which follow what is heard. */

import { answerNotes } from "../play/trader.js";
import { byId } from "./dom.js";
import { ChartGrid } from "./chart_grid.js";
import { LeadSheet } from "./lead_sheet.js";
import { PianoRoll } from "./piano_roll.js";

const NO_SHEET = "The lead sheet of a solo stands here while it plays.";

export class MusicView {
  #server;
  #player;
  #trader;
  #transport;
  #trade;
  #grid = new ChartGrid(byId("grid"));
  #roll = new PianoRoll(byId("roll"));
  #sheet = new LeadSheet(byId("sheet"));
  #chart = null; // of the editor
  #shown = null; // changes of the chorus whose bars are shown
  #solo = null; // those of the chorus that was heard last
  #sheets = new Map(); // number of a chorus -> promise of its sheet
  #frame = 0;

  constructor({ server, player, trader, recorder, transport, trade }) {
    this.#server = server;
    this.#player = player;
    this.#trader = trader;
    this.#transport = transport;
    this.#trade = trade;
    player.addEventListener("state", () => this.#changed());
    player.addEventListener("placed", ({ detail }) => this.#place(detail));
    player.addEventListener("chorus", ({ detail }) => this.#begin(detail));
    trader.addEventListener("answer", ({ detail }) => this.#answered(detail));
    trader.addEventListener("turn", ({ detail }) => this.#grid.mark(detail));
    recorder.addEventListener("note", ({ detail }) => detail.note && this.#roll.addYours(detail.note));
    byId("sheet-box").addEventListener("toggle", () => this.#openSheet());
    this.#sheet.say(NO_SHEET);
  }

  /** Shows the chart of the editor; while music plays, the one that is heard stays. */
  chart(chart) {
    this.#chart = chart;
    if (this.#player.state !== "stopped") return;
    if (chart.text !== this.#solo) {
      byId("solo-about").textContent = "";
      this.#sheet.say(NO_SHEET);
    }
    this.#grid.draw(chart.bars);
    this.#roll.clear();
    this.#roll.add({ ...chart, quarter: 0, parts: [] });
  }

  #changed() {
    const { state } = this.#player;
    cancelAnimationFrame(this.#frame);
    if (state === "playing") this.#draw();
    if (state === "starting") {
      this.#roll.clear();
      this.#trade.clear();
      this.#sheets.clear();
      this.#sheet.say("The lead sheet is being engraved …");
    }
    if (state === "stopped") {
      this.#shown = null;
      this.#grid.draw(this.#chart?.bars ?? []);
    }
  }

  #draw() {
    this.#frame = requestAnimationFrame(() => this.#draw());
    const { timeline, transport } = this.#player;
    const place = timeline.place(transport.heard);
    if (!place) return;
    const quarter = timeline.quarter(transport.heard);
    this.#transport.follow(place, quarter);
    this.#grid.follow(place.bar, quarter - place.chorus.quarter);
    this.#roll.move(quarter);
    this.#sheet.follow(quarter);
    this.#trade.follow(quarter);
  }

  #place(chorus) {
    this.#roll.add(chorus);
    if (chorus.mode === "trade") return;
    this.#fetchSheet(chorus);
    if (this.#sheets.size > 3) this.#sheets.delete(this.#sheets.keys().next().value);
  }

  #begin(chorus) {
    if (this.#shown !== chorus.request.changes) {
      this.#shown = chorus.request.changes;
      this.#grid.draw(chorus.bars);
      this.#grid.mark(this.#trader.current);
    }
    this.#solo = chorus.request.changes;
    const { seed, model, player } = chorus.request.settings;
    const by = [model, player, `seed ${seed}`].filter(Boolean).join(", ");
    byId("solo-about").textContent = chorus.mode === "trade" ? "" : `chorus ${chorus.number}: ${by}`;
    this.#openSheet();
  }

  #answered(turn) {
    this.#roll.addAnswer(turn.start, answerNotes(turn));
    const played = this.#trader.before(turn);
    const { understood } = played ?? {};
    if (!byId("sheet-box").open) return;
    // What was played beside what was answered, on one sheet.
    const first = understood ? played : turn;
    const shift = understood ? understood.length : 0;
    const melody = [
      ...(understood?.melody ?? []),
      ...turn.answer.melody.map(([onset, duration, pitch]) => [onset + shift, duration, pitch]),
    ];
    const { changes, settings } = turn.chorus.request;
    const bars = turn.bars + (understood ? played.bars : 0);
    this.#show(this.#server.sheet({ changes, settings, bar: first.bar, bars, melody }), first.start);
  }

  #fetchSheet({ number, request, melody }) {
    if (!byId("sheet-box").open || this.#sheets.has(number)) return;
    const { changes, settings } = request;
    const sheet = this.#server.sheet({ changes, settings, bar: 0, bars: null, melody });
    sheet.catch(() => {}); // said where it is shown
    this.#sheets.set(number, sheet);
  }

  /** Shows the sheet of the chorus that is heard. */
  #openSheet() {
    const { timeline, transport, state } = this.#player;
    const chorus = timeline.at(transport.heard);
    if (state === "stopped" || !chorus || chorus.mode === "trade") return;
    this.#fetchSheet(chorus);
    const sheet = this.#sheets.get(chorus.number);
    if (sheet) this.#show(sheet, chorus.quarter);
  }

  async #show(sheet, quarter) {
    try {
      this.#sheet.show(await sheet, quarter);
    } catch {
      this.#sheet.say("There is no lead sheet of this chorus.");
    }
  }
}
