// Moves a line over each piano roll with its sound; a tap on the roll goes there.
(() => {
  const between = (pairs, from, to, value) => {
    let i = 1;
    while (i < pairs.length - 1 && pairs[i][from] < value) i += 1;
    const [a, b] = [pairs[i - 1], pairs[i]];
    const share = b[from] > a[from] ? (value - a[from]) / (b[from] - a[from]) : 0;
    return a[to] + share * (b[to] - a[to]);
  };
  for (const box of document.querySelectorAll(".djm-player:not([data-ready])")) {
    box.dataset.ready = "yes";
    for (const image of box.querySelectorAll("img")) { // drawings that a notebook holds as images
      const text = new TextDecoder().decode(
        Uint8Array.from(atob(image.src.split(",")[1]), (letter) => letter.charCodeAt(0)),
      );
      const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
      for (const name of ["width", "height"]) svg.removeAttribute(name);
      image.replaceWith(document.importNode(svg, true));
    }
    const audio = box.querySelector("audio");
    if (!audio) continue;
    const clock = JSON.parse(box.dataset.clock); // [quarter, second] pairs
    const rows = [...box.querySelectorAll(".roll svg")].map((svg) => ({
      svg,
      head: svg.querySelector(".head"),
      from: Number(svg.dataset.from),
      to: Number(svg.dataset.to),
      left: Number(svg.dataset.left),
      scale: Number(svg.dataset.scale),
    }));
    const show = () => {
      const now = between(clock, 1, 0, audio.currentTime);
      for (const row of rows) {
        const here = audio.currentTime > 0 && now >= row.from && now < row.to;
        row.head.style.visibility = here ? "visible" : "hidden";
        if (here) {
          const x = row.left + (now - row.from) * row.scale;
          row.head.setAttribute("x1", x);
          row.head.setAttribute("x2", x);
        }
      }
    };
    const follow = () => {
      show();
      if (!audio.paused) requestAnimationFrame(follow);
    };
    audio.addEventListener("play", () => {
      for (const other of document.querySelectorAll(".djm-player audio")) {
        if (other !== audio) other.pause();
      }
      follow();
    });
    audio.addEventListener("seeked", show);
    audio.addEventListener("timeupdate", show);
    for (const row of rows) {
      row.svg.addEventListener("click", (event) => {
        const frame = row.svg.getBoundingClientRect();
        const x = ((event.clientX - frame.left) / frame.width) * row.svg.viewBox.baseVal.width;
        const quarter = Math.min(Math.max(row.from + (x - row.left) / row.scale, row.from), row.to);
        audio.currentTime = between(clock, 0, 1, quarter);
        audio.play();
      });
    }
  }
})();
