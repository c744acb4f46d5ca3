// The vocabulary as a soft field of points, on a canvas that is drawn once for every zoom and theme.

import { drawNames } from "./names.js";
import { liesWithin } from "./region.js";

export class Field {
  constructor(canvas) {
    this.canvas = canvas;
    this.cells = null;
  }

  draw(run, view, camera, palette) {
    const context = sized(this.canvas, camera);
    const { values, shape } = run.arrays[view.method + ".vocabulary"];
    const [count, width] = shape;
    const [a, b] = view.axes;
    const size = Math.min(4.5, 1.35 * Math.pow(Math.max(1, camera.zoom), 0.4));
    this.cells = null;
    this.x = new Float32Array(count);
    this.y = new Float32Array(count);
    const byKind = run.kindNames.map(() => []);
    let seen = 0;
    for (let i = 0; i < count; i += 1) {
      const x = (this.x[i] = camera.screenX(values[i * width + a]));
      const y = (this.y[i] = camera.screenY(values[i * width + b]));
      const inside = x > -5 && y > -5 && x < camera.width + 5 && y < camera.height + 5; // never for NaN, which has no place
      if (!inside || view.hidden.has(run.kinds[i])) continue;
      byKind[run.kinds[i]].push(i);
      seen += 1;
    }
    byKind.forEach((ids, kind) => {
      context.fillStyle = palette.kinds[kind];
      context.globalAlpha = run.kindNames[kind] === "other" || run.kindNames[kind] === "word piece" ? 0.4 : 0.62;
      context.beginPath();
      for (const i of ids) {
        if (seen > 12000) context.rect(this.x[i] - size, this.y[i] - size, 2 * size, 2 * size);
        else {
          context.moveTo(this.x[i] + size, this.y[i]);
          context.arc(this.x[i], this.y[i], size, 0, 7);
        }
      }
      context.fill();
    });
    drawNames(context, run, view, camera, palette, { x: this.x, y: this.y, seen });
  }

  /** Returns the tokens of kinds that are shown within a closed line of points of the screen. */
  within(run, view, points) {
    const [xs, ys] = [0, 1].map((axis) => points.map((point) => point[axis]));
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const found = [];
    for (let i = 0; i < this.x.length; i += 1) {
      const [x, y] = [this.x[i], this.y[i]];
      const near = x >= left && x <= right && y >= top && y <= bottom; // false for NaN, which has no place
      if (near && !view.hidden.has(run.kinds[i]) && liesWithin(points, x, y)) found.push(i);
    }
    return found;
  }

  /** Returns the token nearest to a point of the screen within `reach` pixels, or -1. */
  at(run, view, x, y, reach = 9) {
    if (!this.x) return -1;
    if (!this.cells) {
      this.cells = new Map();
      for (let i = 0; i < this.x.length; i += 1) {
        if (Number.isNaN(this.x[i]) || view.hidden.has(run.kinds[i])) continue;
        const cell = (this.x[i] >> 4) + ":" + (this.y[i] >> 4);
        if (!this.cells.has(cell)) this.cells.set(cell, []);
        this.cells.get(cell).push(i);
      }
    }
    let best = -1;
    let nearest = reach * reach;
    for (let cx = (x >> 4) - 1; cx <= (x >> 4) + 1; cx += 1) {
      for (let cy = (y >> 4) - 1; cy <= (y >> 4) + 1; cy += 1) {
        for (const i of this.cells.get(cx + ":" + cy) || []) {
          const distance = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
          if (distance < nearest) [best, nearest] = [i, distance];
        }
      }
    }
    return best;
  }
}

/** Returns the canvas's context, cleared, in CSS pixels at a density, the screen's if none is given. */
export function sized(canvas, { width, height, density = window.devicePixelRatio || 1 }) {
  if (canvas.width !== Math.round(width * density) || canvas.height !== Math.round(height * density)) {
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
  }
  const context = canvas.getContext("2d");
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, width, height);
  context.globalAlpha = 1;
  return context;
}
