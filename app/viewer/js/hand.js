// Pointer on the plot: drag pans or draws around tokens, the wheel and two fingers zoom, a still pointer asks what lies under it.

const STILL = 4; // pixels a pointer may move and still press

export class Hand {
  /** `draws(event)` says whether a drag that begins draws a line; `line(points)` is told of it while it grows, then `drawn(points)`. */
  constructor(plot, { pan, zoom, hover, leave, press, reset, draws, line, drawn }) {
    const down = new Map();
    let moved = 0;
    let points = null; // of the line that is being drawn
    const local = (event) => {
      const box = plot.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    const drop = () => { if (points) { points = null; line([]); } };
    plot.addEventListener("wheel", (event) => {
      event.preventDefault();
      zoom(...local(event), Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)));
    }, { passive: false });
    plot.addEventListener("pointerdown", (event) => {
      if (event.target.closest("button")) return;
      plot.setPointerCapture(event.pointerId);
      down.set(event.pointerId, local(event));
      moved = 0;
      if (down.size > 1) drop(); // two fingers zoom
      else if (draws(event)) {
        leave();
        points = [local(event)];
      }
    });
    plot.addEventListener("pointermove", (event) => {
      const here = local(event);
      const before = down.get(event.pointerId);
      if (!before) return hover(...here);
      const others = [...down].filter(([id]) => id !== event.pointerId);
      down.set(event.pointerId, here);
      const [dx, dy] = [here[0] - before[0], here[1] - before[1]];
      moved += Math.abs(dx) + Math.abs(dy);
      if (others.length) {
        const [ox, oy] = others[0][1];
        const span = (point) => Math.hypot(point[0] - ox, point[1] - oy) || 1;
        zoom((here[0] + ox) / 2, (here[1] + oy) / 2, span(here) / span(before));
        pan(dx / 2, dy / 2);
      } else if (points) {
        points.push(here);
        line(points);
      } else if (event.pointerType !== "touch") pan(dx, dy); // one finger scrolls the page
    });
    const up = (event) => {
      if (!down.delete(event.pointerId)) return;
      const whole = points;
      drop();
      if (event.type !== "pointerup" || down.size) return;
      if (moved < STILL) press(...local(event));
      else if (whole) drawn(whole);
    };
    plot.addEventListener("pointerup", up);
    plot.addEventListener("pointercancel", up);
    plot.addEventListener("pointerleave", leave);
    plot.addEventListener("dblclick", (event) => {
      if (!event.target.closest("button")) reset();
    });
  }
}
