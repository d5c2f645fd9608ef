/** The bar with the buttons of playing, the place in the music, and whose turn it is. */

import { barsLeft } from "../play/turns.js";
import { byId, counted, element } from "./dom.js";

export class TransportView {
  #player;
  #trader;
  #beats = 0;
  #left = 0;
  #mistake = null; // in the chart, while it has one

  constructor(player, trader) {
    this.#player = player;
    this.#trader = trader;
    player.addEventListener("state", () => this.#showState());
    trader.addEventListener("turn", ({ detail }) => this.#showTurn(detail));
    this.#showState();
  }

  /** Shows a place of the timeline. */
  follow({ chorus, bar, beat }, quarter) {
    const bars = chorus.bars[Math.max(bar, 0)];
    byId("place-bar").textContent = bar < 0 ? "Count-in" : `Bar ${bar + 1}`;
    byId("place-chorus").textContent = bar < 0 ? "" : `chorus ${chorus.number}`;
    if (this.#beats !== bars.beats.length) {
      this.#beats = bars.beats.length;
      byId("beats").replaceChildren(...bars.beats.map(() => element("i")));
    }
    for (const [index, dot] of [...byId("beats").children].entries()) {
      dot.classList.toggle("on", bar >= 0 && index === beat);
    }
    const turn = this.#trader.current;
    const left = turn ? barsLeft(turn, quarter) : 0;
    if (turn && left !== this.#left) {
      this.#left = left;
      byId("turn").lastElementChild.textContent = ` · ${counted(left, "bar")} left`;
    }
  }

  /** Says that the chart has a mistake, and what is played meanwhile. */
  showMistake(mistake) {
    this.#mistake = mistake;
    const place = mistake?.bar ? `Mistake in bar ${mistake.bar}` : "Mistake in the chart";
    const rest = this.#player.state === "stopped" ? "" : ": the last chart without one plays on";
    byId("mistake").hidden = !mistake;
    byId("mistake").textContent = mistake ? place + rest : "";
  }

  #showState() {
    const { state } = this.#player;
    const play = byId("play");
    play.textContent = { playing: "Pause", paused: "Go on", starting: "…" }[state] ?? "Play";
    play.setAttribute("aria-label", state === "starting" ? "Starting" : play.textContent);
    play.setAttribute("aria-busy", state === "starting");
    byId("stop").disabled = state === "stopped";
    this.showMistake(this.#mistake);
    if (state === "stopped") {
      byId("place-bar").textContent = byId("place-chorus").textContent = "";
      byId("beats").replaceChildren();
      this.#beats = 0;
    }
  }

  /** Says whose turn it is; the bars that are left are for the eye alone. */
  #showTurn(turn) {
    const place = byId("turn");
    place.className = turn?.by ?? "";
    this.#left = 0;
    if (!turn) {
      place.replaceChildren();
      return;
    }
    const whose = turn.by === "you" ? "Your turn" : "The answer";
    place.replaceChildren(
      element("span", { textContent: whose }),
      element("span", { "aria-hidden": true }),
    );
  }
}
