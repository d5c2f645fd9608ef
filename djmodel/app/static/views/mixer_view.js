/** Sliders and mutes of the mixer. */

import { element } from "./dom.js";

export function drawMixer(place, mixer, changed) {
  place.replaceChildren(
    ...Object.entries(mixer.strips).map(([name, { gain, muted }]) => {
      const id = `volume-${name}`;
      const bounds = { min: 0, max: 1, step: 0.01 };
      const slider = element("input", { id, type: "range", ...bounds, value: gain, "aria-label": `Volume of ${name}` });
      const mute = element("button", {
        type: "button",
        textContent: "Mute",
        "aria-pressed": muted,
        "aria-label": `Mute ${name}`,
      });
      slider.addEventListener("input", () => {
        mixer.set(name, { gain: Number(slider.value) });
        changed();
      });
      mute.addEventListener("click", () => {
        const isMuted = mute.getAttribute("aria-pressed") !== "true";
        mute.setAttribute("aria-pressed", isMuted);
        mixer.set(name, { muted: isMuted });
        changed();
      });
      const label = element("label", { htmlFor: id, textContent: name });
      return element("div", { className: "strip" }, label, slider, mute);
    }),
  );
}
