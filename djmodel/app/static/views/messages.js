/** What the page says: a status, which comes and goes, and problems, which stay until they are
 * solved or dismissed. */

import { byId, element } from "./dom.js";

const SECONDS = 8;
const problems = new Map(); // by what they are about
let timer = 0;

export function say(text, { stays = false } = {}) {
  clearTimeout(timer);
  byId("status").textContent = text;
  if (text && !stays) timer = setTimeout(() => say(""), SECONDS * 1000);
}

/** Takes back a status, if it is still shown. */
export function hush(text) {
  if (byId("status").textContent === text) say("");
}

/** Shows a problem; one about the same replaces it. */
export function warn(about, text) {
  if (problems.get(about)?.dataset.text === text) return;
  solved(about);
  const close = element("button", { type: "button", textContent: "Close", "aria-label": "Close the message" });
  const shown = element("p", {}, element("span", { textContent: text }), close);
  shown.dataset.text = text;
  close.addEventListener("click", () => solved(about));
  problems.set(about, shown);
  byId("alert").append(shown);
}

export function solved(about) {
  problems.get(about)?.remove();
  problems.delete(about);
}

/** The text of an error of the server, with its hint. */
export function described(problem) {
  const text = sentence(problem.message);
  return problem.hint ? `${text} ${sentence(problem.hint)}` : text;
}

function sentence(text) {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
