// What the viewer has drawn, and when; which step each of its panels shows, read from what is on the screen.

/** Resolves with the first frame {from, to} that shows a run. */
window.firstDrawn = new Promise((resolve) => {
  const look = async () => {
    if (!window.ddptViewer) return requestAnimationFrame(look);
    await ddptViewer.ready;
    resolve(await frameMeter.nextFrame());
  };
  look();
});

/** Resolves with the milliseconds from the next click on Sample until another run, of so many steps, is drawn. */
window.sampledAndDrawn = (steps) => new Promise((resolve) => {
  const picked = () => document.querySelector(".pick-run").value;
  const before = picked();
  let clicked = null;
  document.addEventListener("click", (event) => {
    if (clicked === null && event.target.closest("#sample")) clicked = performance.now();
  }, { capture: true });
  const look = async () => {
    if (ddptViewer.stepCount !== steps + 1 || picked() === before) return requestAnimationFrame(look);
    await ddptViewer.ready;
    resolve((await frameMeter.nextFrame()).to - clicked);
  };
  look();
});

window.panelSteps = () => {
  const root = document.querySelector(".ddpt");
  const steps = ddptViewer.stepCount - 1;
  const said = (text) => { const found = /step ([\d,]+)/.exec(text || ""); return found ? Number(found[1].replace(/,/g, "")) : null; };
  /** A line's place on the linear axis of time, as the step it is drawn at; it may be off by half a pixel. */
  const placed = (line, axis) => {
    if (!line || !axis || !axis.getBoundingClientRect().width) return null;
    const [{ left, width }, box] = [line.getBoundingClientRect(), axis.getBoundingClientRect()];
    const middle = width < box.width / 2 ? left + width / 2 : left; // a line as wide as its axis is moved by its start
    const step = ((middle - box.left) / box.width) * steps;
    return Math.abs(step - ddptViewer.step) * box.width <= 0.75 * steps ? ddptViewer.step : Math.round(step);
  };
  const text = (chip) => chip.textContent.replaceAll("␣", " ");
  const first = Array.from(root.querySelectorAll(".rows tbody tr"), (row) => text(row.querySelector(".c-near .chip")));
  const wanted = ddptViewer.tokensAt(ddptViewer.step);
  return {
    words: said(root.querySelector(".where").textContent),
    slider: said(root.querySelector("input.step").getAttribute("aria-valuetext")),
    heading: said(root.querySelector(".at").textContent),
    table: first.length === wanted.length && first.every((token, position) => token === wanted[position]) ? ddptViewer.step : null,
    strip: placed(root.querySelector(".strip .cursor"), root.querySelector(".strip")),
    curves: placed(root.querySelector(".curves .now-line"), root.querySelector(".curves .lines")),
  };
};

/** Returns the most frames that any panel came after `await seek(step)`, over some steps; 60 for one that did not. */
window.framesBehind = async (asked) => {
  let most = 0;
  const late = new Set();
  for (const step of asked) {
    await ddptViewer.seek(step);
    const behind = () => Object.entries(panelSteps()).filter(([, shown]) => shown !== step).map(([name]) => name);
    let frames = 0;
    for (let names = behind(); names.length && frames < 60; names = behind()) {
      for (const name of names) late.add(name);
      await frameMeter.nextFrame();
      frames += 1;
    }
    most = Math.max(most, frames);
  }
  return { frames: most, late: [...late] };
};
