// A second run over the first, at the same share of its way, on one map of both.

import { Run } from "./data.js";
import { TAIL_SHARE } from "./paths.js";
import { diamond } from "./shapes.js";
import { write } from "./tokens.js";

export class Second {
  constructor(root) {
    this.key = root.querySelector(".key-second");
    this.words = this.key.querySelector("output");
    this.run = null;
  }

  /** Opens a run beside the first; null takes it away again. */
  async open(meta) {
    const run = meta ? await Run.open(meta) : null;
    if (run) await run.load("estimate");
    this.run = run;
  }

  close() { this.run = null; }

  /** Fetches what the second run has on a map that it shares with the first. */
  async ready(first, method) {
    if (this.run && first.shared(method) && first.shared(method) === this.run.shared(method) && !this.run.has(method + ".state")) await this.run.load(method);
  }

  /** Returns the second run's path on the map, undefined where the map does not hold it. */
  pathOf(first, { method, kind }) {
    if (!this.run) return undefined;
    const together = first.meta.quality[method];
    if (together && together.second === this.run.meta.name) return first.arrays[method + ".second." + kind];
    const shared = first.shared(method);
    return shared && shared === this.run.shared(method) ? this.run.arrays[method + "." + kind] : undefined;
  }

  /** Whether the map that is shown holds the second run. */
  isOn(first, view) { return Boolean(this.pathOf(first, view)); }

  stepOf(first, step) { return Math.round((step / first.steps) * this.run.steps); }

  draw(context, first, view, camera, palette) {
    const on = this.isOn(first, view);
    if (this.key.hidden === on) this.key.hidden = !on;
    if (!on) return;
    const path = this.pathOf(first, view);
    const [, positions, width] = path.shape;
    const step = this.stepOf(first, view.step);
    const length = Math.max(10, Math.round(this.run.steps * TAIL_SHARE));
    const at = (when, position) => {
      const i = (when * positions + position) * width;
      return [camera.screenX(path.values[i + view.axes[0]]), camera.screenY(path.values[i + view.axes[1]])];
    };
    for (let position = 0; position < positions; position += 1) {
      context.globalAlpha = view.chosen < 0 || view.chosen === position ? 0.75 : 0.15;
      context.strokeStyle = palette.second;
      context.lineWidth = 1.1;
      context.beginPath();
      for (let when = Math.max(0, step - length); when <= step; when += 1) context.lineTo(...at(when, position));
      context.stroke();
      const [x, y] = at(step, position);
      context.fillStyle = palette.second;
      diamond(context, x, y);
    }
    context.globalAlpha = 1;
    write(this.words, this.run.meta.label + ": same nearest token in " + this.same(first, view, step));
  }

  same(first, { kind, step }, secondStep) {
    const shared = Math.min(first.positions, this.run.positions);
    let same = 0;
    for (let position = 0; position < shared; position += 1) {
      same += first.topId(kind, step, position) === this.run.topId(kind, secondStep, position);
    }
    return same + " of " + shared + " positions";
  }
}
