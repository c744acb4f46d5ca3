// Which part of the plane is on the screen; one scale for both axes, so that distances stay honest.

export class Camera {
  constructor() { Object.assign(this, { x: 0, y: 0, scale: 1, home: 1, width: 1, height: 1 }); }

  resize(width, height) {
    const grown = Math.min(width / this.width, height / this.height);
    if (this.width > 1) { this.scale *= grown; this.home *= grown; }
    this.width = width;
    this.height = height;
  }

  /** Shows a box {left, right, bottom, top}, with room above for the key and below for a caption. */
  fit(box) {
    const [side, above, below] = [24, 38, 58];
    this.scale = Math.min(
      (this.width - 2 * side) / Math.max(box.right - box.left, 1e-9),
      (this.height - above - below) / Math.max(box.top - box.bottom, 1e-9),
    );
    this.x = (box.left + box.right) / 2;
    this.y = (box.bottom + box.top) / 2 + (above - below) / 2 / this.scale;
    this.home = this.scale;
  }

  /** Returns the same view for a canvas of so many pixels to one of the page's. */
  dense(density) { return Object.assign(new Camera(), this, { density }); }

  get zoom() { return this.scale / this.home; }
  screenX(x) { return (x - this.x) * this.scale + this.width / 2; }
  screenY(y) { return this.height / 2 - (y - this.y) * this.scale; }

  /** Puts a place that is not on the screen into its middle; returns whether it had to. */
  centre(x, y) {
    const [left, top] = [this.screenX(x), this.screenY(y)];
    if (left > 0 && top > 0 && left < this.width && top < this.height) return false;
    Object.assign(this, { x, y });
    return true;
  }

  pan(dx, dy) {
    this.x -= dx / this.scale;
    this.y += dy / this.scale;
  }

  /** Zooms by `factor` around a point of the screen, which stays under the pointer. */
  zoomAt(screenX, screenY, factor) {
    const scale = Math.min(this.home * 400, Math.max(this.home * 0.4, this.scale * factor));
    const dx = screenX - this.width / 2;
    const dy = this.height / 2 - screenY;
    this.x += dx / this.scale - dx / scale;
    this.y += dy / this.scale - dy / scale;
    this.scale = scale;
  }
}

/** Returns the value below which a share of the sorted numbers lies. */
function quantile(sorted, share) { return sorted[Math.round(share * (sorted.length - 1))]; }

/** Returns the box that holds 99 % of the vocabulary along each axis, and all of `others`, arrays of places. */
export function boxOf(run, method, axes, others) {
  const sides = axes.map((axis) => {
    const { values, shape } = run.arrays[method + ".vocabulary"];
    const width = shape[1];
    const along = Float32Array.from({ length: shape[0] }, (_, i) => values[i * width + axis])
      .filter((value) => !Number.isNaN(value)).sort();
    let [low, high] = [quantile(along, 0.005), quantile(along, 0.995)];
    for (const { values: path } of others) {
      for (let i = axis; i < path.length; i += width) {
        if (path[i] < low) low = path[i];
        if (path[i] > high) high = path[i];
      }
    }
    return [low, high];
  });
  return { left: sides[0][0], right: sides[0][1], bottom: sides[1][0], top: sides[1][1] };
}
