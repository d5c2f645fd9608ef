/** The lead sheet that the server engraves, and the place in it. */

import { element } from "./dom.js";

const PHONE = matchMedia("(max-width: 40rem)");

export class LeadSheet {
  #element;
  #drawings = null; // {wide, narrow}
  #timed = []; // {element, onset, end}
  #start = 0;

  constructor(sheet) {
    this.#element = sheet;
    PHONE.addEventListener("change", () => this.#draw());
  }

  /** Shows `{wide, narrow}`, SVG of the server, that begins at a quarter. */
  show(drawings, start) {
    this.#drawings = drawings;
    this.#start = start;
    this.#draw();
  }

  say(text) {
    this.#drawings = null;
    this.#timed = [];
    this.#element.replaceChildren(element("p", { textContent: text }));
  }

  /** Lights the notes that sound at a quarter. */
  follow(quarter) {
    const inside = quarter - this.#start;
    for (const timed of this.#timed) {
      const isNow = timed.onset <= inside && inside < timed.end;
      if (isNow === timed.isNow) continue;
      timed.isNow = isNow;
      timed.element.classList.toggle("now", isNow);
    }
  }

  #draw() {
    if (!this.#drawings) return;
    const text = PHONE.matches ? this.#drawings.narrow : this.#drawings.wide;
    const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    // The rules of the page's own style sheet take their place.
    for (const style of parsed.querySelectorAll("style, script")) style.remove();
    const drawing = document.importNode(parsed, true);
    drawing.setAttribute("role", "img");
    drawing.setAttribute("aria-label", "Lead sheet");
    this.#element.replaceChildren(drawing);
    this.#timed = [...drawing.querySelectorAll("g.note[data-onset]")].map((note) => ({
      element: note,
      onset: Number(note.dataset.onset),
      end: Number(note.dataset.end),
      isNow: false,
    }));
  }
}
