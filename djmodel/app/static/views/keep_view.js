/** Keeping what was played: files, links, earlier sessions. */

import { begun } from "../core/archive.js";
import { fromFragment, toFragment } from "../core/session.js";
import { byId, counted, fill } from "./dom.js";
import { described, say, warn } from "./messages.js";

const SUFFIXES = { midi: "mid", musicxml: "musicxml", wav: "wav", html: "html" };
const MOST_CHORUSES = 500; // that the server writes into a file
const LONG_LINK = 30_000; // letters

/** Fires "restored" with `detail` = the settings of a session that was opened, and "replay". */
export class KeepView extends EventTarget {
  #session;
  #archive;
  #server;
  #settings;
  #shown = ""; // the session for which earlier ones are offered

  constructor(session, archive, server, settings) {
    super();
    this.#session = session;
    this.#archive = archive;
    this.#server = server;
    this.#settings = settings;
    for (const button of document.querySelectorAll("[data-format]")) {
      button.addEventListener("click", () => this.#export(button));
    }
    byId("replay").addEventListener("click", () => this.dispatchEvent(new Event("replay")));
    byId("link").addEventListener("click", () => this.#copyLink());
    byId("save").addEventListener("click", () => this.#save());
    byId("new").addEventListener("click", () => session.clear());
    byId("open").addEventListener("change", ({ target }) => {
      if (target.files.length) this.open(target.files[0]);
      target.value = "";
    });
    byId("earlier").addEventListener("change", async ({ target }) => {
      if (!target.value) return;
      await session.reopen(target.value);
      say("The earlier session is open: play it again, or keep it.");
    });
    session.addEventListener("change", () => this.#show());
    this.#show();
  }

  /** Opens a session that was saved to a file. */
  async open(file) {
    try {
      this.#restore(JSON.parse(await file.text()));
    } catch (problem) {
      const isJson = !(problem instanceof SyntaxError);
      warn("file", `${file.name}: ${isJson ? problem.message : "This is not a saved session"}.`);
    }
  }

  /** Opens the session of a link, if the address has one. */
  async openLink() {
    const [, fragment] = /^#session=(.+)$/.exec(location.hash) ?? [];
    if (!fragment) return;
    history.replaceState(null, "", location.pathname);
    try {
      this.#restore(await fromFragment(fragment));
    } catch {
      warn("link", "The link has no session that can be read; a part of it may be missing.");
    }
  }

  #restore(object) {
    const settings = this.#session.restore(object);
    this.dispatchEvent(new CustomEvent("restored", { detail: settings }));
    const { length } = this.#session.choruses;
    say(length ? `${counted(length, "chorus")} restored: “Play again” plays them as they were.` : "The settings are restored.");
  }

  async #export(button) {
    const { format } = button.dataset;
    button.setAttribute("aria-busy", true);
    if (format === "wav" || format === "html") say("The sound is being computed …", { stays: true });
    try {
      const object = this.#session.toObject(this.#settings.all());
      const { length } = object.choruses;
      object.choruses = object.choruses.slice(-MOST_CHORUSES);
      download(await this.#server.export(format, object), `${fileName()}.${SUFFIXES[format]}`);
      const part = `The file has the last ${MOST_CHORUSES} of ${length} choruses; a saved session has all.`;
      say(length > MOST_CHORUSES ? part : "The file is with your downloads.");
    } catch (problem) {
      say("");
      warn("export", `${described(problem)} What you played stays on this page.`);
    } finally {
      button.setAttribute("aria-busy", false);
    }
  }

  #save() {
    const text = JSON.stringify(this.#session.toObject(this.#settings.all()));
    download(new Blob([text], { type: "application/json" }), `${fileName()}.json`);
  }

  async #copyLink() {
    const fragment = await toFragment(this.#session.toObject(this.#settings.all()));
    const link = `${location.origin}${location.pathname}#session=${fragment}`;
    try {
      await navigator.clipboard.writeText(link);
      const isLong = link.length > LONG_LINK;
      say(isLong ? "The link is copied. It is long: some programs cut it off, a saved session is safer." : "The link is copied.");
    } catch {
      history.replaceState(null, "", link);
      say("The link is in the address of this page: copy it from there.");
    }
  }

  async #show() {
    const { choruses, isEmpty } = this.#session;
    const trades = choruses.reduce((sum, { trades: all }) => sum + (all?.length ?? 0), 0);
    const traded = trades ? `, ${counted(trades, "turn")} of trading` : "";
    byId("played").textContent = isEmpty
      ? "Nothing is played yet. Everything that is played can be kept here."
      : `${counted(choruses.length, "chorus")} played${traded}.`;
    for (const id of ["replay", "new"]) byId(id).disabled = isEmpty;
    for (const button of document.querySelectorAll("[data-format]")) button.disabled = isEmpty;
    if (this.#shown !== this.#session.id) await this.#offerEarlier();
  }

  /** Offers the sessions of the archive but the one that is open. */
  async #offerEarlier() {
    const { id } = this.#session;
    this.#shown = id;
    const sessions = await this.#archive.sessions().catch(() => []);
    const earlier = sessions.filter(({ session }) => session !== id);
    fill(byId("earlier"), [
      ["", earlier.length ? "choose …" : "none"],
      ...earlier.map(({ session, choruses }) => [
        session,
        `${new Date(begun(session)).toLocaleString()}, ${counted(choruses, "chorus")}`,
      ]),
    ], "");
  }
}

function fileName() {
  return `djmodel-${new Date().toISOString().slice(0, 16).replace(/[T:]/g, "-")}`;
}

function download(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
