// A second run over the first, at the same share of its way, on one map of both.

class Second {
  constructor(root) {
    this.key = root.querySelector(".key-second");
    this.words = this.key.querySelector("output");
    this.run = null;
  }

  /** Opens a run beside `first`, whose PCA gives way to that of both; null takes it away again. */
  async open(meta, first) {
    const [run, both] = meta
      ? await Promise.all([Run.open(meta), fetchFile(meta.both.files.both).then(readSafetensors)])
      : [null, null];
    if (run) await run.load("estimate");
    this.close(first);
    if (!run) return;
    this.own = { meta: first.meta, arrays: first.arrays };
    this.run = run;
    first.arrays = { ...first.arrays, ...both };
    first.meta = { ...first.meta, quality: { ...first.meta.quality, ...meta.both.quality } };
  }

  /** Gives the first run its own PCA back. */
  close(first) {
    if (this.run && first) {
      for (const name of Object.keys(first.arrays)) if (name.includes(".second.")) delete first.arrays[name];
      for (const name of Object.keys(this.own.arrays)) if (name.startsWith("pca.")) first.arrays[name] = this.own.arrays[name];
      first.meta = { ...first.meta, quality: { ...first.meta.quality, pca: this.own.meta.quality.pca } };
    }
    this.run = null;
  }

  /** Whether the map that is shown holds the second run. */
  isOn(first, { method }) { return Boolean(this.run) && first.has(method + ".second.state"); }

  stepOf(first, step) { return Math.round((step / first.steps) * this.run.steps); }

  draw(context, first, view, camera, palette) {
    const on = this.isOn(first, view);
    if (this.key.hidden === on) this.key.hidden = !on;
    if (!on) return;
    const path = first.arrays[view.method + ".second." + view.kind];
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
      context.beginPath();
      for (const [dx, dy] of [[0, -5], [5, 0], [0, 5], [-5, 0]]) context.lineTo(x + dx, y + dy);
      context.fill();
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
