/** What works anywhere on the page: the space bar, and files that are dropped. */

import { byId } from "./dom.js";

export function connectKeys({ playOrPause }) {
  addEventListener("keydown", (event) => {
    const isTaken = event.target.closest?.("button, input, select, textarea, summary, a");
    if (event.code !== "Space" || isTaken || event.repeat) return;
    event.preventDefault();
    playOrPause();
  });
}

/** Gives each dropped file to the function for its kind, and a dropped link to `link`. */
export function connectFiles({ model, session, tune, soundfont, link }) {
  let depth = 0; // of elements under the pointer
  const hasFiles = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
  // A browser would leave the page for a link that is dropped.
  const hasLink = ({ dataTransfer }) => dataTransfer?.types.includes("text/uri-list");
  const show = (change) => {
    depth = change ? depth + change : 0;
    byId("drop").hidden = depth <= 0;
  };
  addEventListener("dragenter", (event) => hasFiles(event) && show(1));
  addEventListener("dragleave", (event) => hasFiles(event) && show(-1));
  addEventListener("dragover", (event) => {
    if (hasFiles(event) || hasLink(event)) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    if (!hasFiles(event) && !hasLink(event)) return;
    event.preventDefault();
    show(0);
    const kinds = [[/\.keras$/i, model], [/\.json$/i, session], [/\.sf[23]$/i, soundfont], [/./, tune]];
    for (const file of event.dataTransfer.files) {
      kinds.find(([suffix]) => suffix.test(file.name))[1](file);
    }
    if (!hasFiles(event)) link(event.dataTransfer.getData("text/uri-list"));
  });
}
