/** The clock of everything that sounds: an AudioContext, made at the first gesture, as browsers ask
 * for. Its times are seconds of `context.currentTime`. */

const TICK_MILLISECONDS = 25;

export class AudioClock extends EventTarget {
  context = null;
  #worker = null;

  /** Makes the context if there is none yet, and wakes it; to be called from a gesture. Fires
   * "woken" when a context that was interrupted (a sleeping laptop, a call) runs again. */
  async start() {
    if (!this.context) {
      this.context = new AudioContext({ latencyHint: "interactive" });
      this.context.addEventListener("statechange", () => this.#changed());
      for (const name of ["focus", "pageshow"]) addEventListener(name, () => this.wake());
      document.addEventListener("visibilitychange", () => this.wake());
    }
    if (this.context.state !== "running") await this.context.resume();
    return this.context;
  }

  /** Resumes a context that the system has stopped. */
  wake() {
    if (this.context && this.context.state !== "running" && this.context.state !== "closed") {
      this.context.resume().catch(() => {}); // not allowed yet: the next gesture tries again
    }
  }

  get running() {
    return this.context?.state === "running";
  }

  get now() {
    return this.context?.currentTime ?? 0;
  }

  /** The time of what is heard now, which is a little earlier than what is being computed. */
  get heard() {
    return this.at(performance.now());
  }

  /** The time of what was heard at `milliseconds` of `performance.now()`. */
  at(milliseconds) {
    const { context } = this;
    if (!context) return 0;
    const stamp = context.getOutputTimestamp?.();
    if (stamp?.performanceTime > 0) {
      return stamp.contextTime + (milliseconds - stamp.performanceTime) / 1000;
    }
    const latency = context.outputLatency || context.baseLatency || 0;
    return context.currentTime - latency + (milliseconds - performance.now()) / 1000;
  }

  /** Calls `each` about forty times a second, whether the page is seen or not. */
  tick(each) {
    this.#worker ??= new Worker(new URL("ticker.js", import.meta.url));
    this.#worker.onmessage = each;
    this.#worker.postMessage(TICK_MILLISECONDS);
  }

  stopTicking() {
    this.#worker?.postMessage(0);
  }

  #changed() {
    this.dispatchEvent(new Event(this.running ? "woken" : "stopped"));
    if (!this.running) this.wake();
  }
}
