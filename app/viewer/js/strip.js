// Lock-in: positions x steps, coloured by the similarity of the nearest token. Drawn once; only the cursor moves.

class Strip {
  constructor(root, viewer) {
    this.viewer = viewer;
    this.box = root.querySelector(".strip");
    this.canvas = this.box.querySelector("canvas");
    this.cursor = this.box.querySelector(".cursor");
    this.low = root.querySelector(".scale .low");
    this.high = root.querySelector(".scale .high");
    const seek = (event) => {
      const { left, width } = this.box.getBoundingClientRect();
      viewer.go(viewer.time.step(Math.min(1, Math.max(0, (event.clientX - left) / width))));
    };
    this.box.addEventListener("pointerdown", (event) => {
      this.box.setPointerCapture(event.pointerId);
      seek(event);
    });
    this.box.addEventListener("pointermove", (event) => {
      if (this.box.hasPointerCapture(event.pointerId)) seek(event);
    });
  }

  redraw(run, view) {
    const [low, high] = run.arrays[view.kind + ".range"].values;
    const image = new ImageData(run.steps + 1, run.positions);
    for (let position = 0; position < run.positions; position += 1) {
      for (let step = 0; step <= run.steps; step += 1) {
        const share = (run.score(view.kind, step, position) - low) / (high - low || 1);
        image.data.set([...viridis(share), 255], 4 * (position * (run.steps + 1) + step));
      }
    }
    const whole = make("canvas");
    [whole.width, whole.height] = [image.width, image.height];
    whole.getContext("2d").putImageData(image, 0, 0);

    const size = { width: this.box.clientWidth, height: this.box.clientHeight };
    const context = sized(this.canvas, size);
    const row = size.height / run.positions;
    context.imageSmoothingEnabled = false;
    for (let position = 0; position < run.positions; position += 1) {
      context.globalAlpha = view.chosen < 0 || view.chosen === position ? 1 : 0.35;
      context.drawImage(whole, 0, position, image.width, 1, 0, position * row, size.width, Math.max(1, row - 1));
    }
    context.globalAlpha = 1;
    context.fillStyle = "#fff";
    run.lockedAt(view.kind).forEach((step, position) => {
      context.fillRect(Math.min(size.width - 2, (step / run.steps) * size.width), position * row, 2, Math.max(1, row - 1));
    });
    write(this.low, short(low));
    write(this.high, short(high));
  }

  step(run, view) { this.cursor.style.left = 100 * this.viewer.time.share(view.step) + "%"; }
}
