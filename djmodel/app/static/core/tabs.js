/** Several tabs of the page: one plays at a time. */

export class Tabs {
  #channel = typeof BroadcastChannel === "function" ? new BroadcastChannel("djmodel") : null;

  /** `elsewhere()` is called when another tab begins to play. */
  constructor(elsewhere) {
    if (this.#channel) this.#channel.onmessage = elsewhere;
  }

  /** Tells the others that this one plays. */
  play() {
    this.#channel?.postMessage("plays");
  }
}
