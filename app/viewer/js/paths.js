// The path of every position, over the field: a fine line with a fading tail, a dot for now, a ring for the end.

import { sized } from "./field.js";
import { drawLibrary } from "./library_marks.js";
import { cross, dot, ring, square, triangle } from "./shapes.js";
import { showBlanks } from "./tokens.js";

const PAST_POINTS = 250; // the older part of a path is thinned to this many points; the tail never is

/** Of how many steps the older part of a path draws one. The noise is always drawn, and the end is the tail's. */
export function pastStride(steps) { return Math.max(1, Math.ceil(steps / PAST_POINTS)); }

export const TAIL_SHARE = 0.06; // of the run's steps
const TAIL_PIECES = 10;

export class Paths {
  /** `past` is the layer of the older part, which only grows while time runs forward; `canvas` has all the rest. */
  constructor(past, canvas) {
    this.pastCanvas = past;
    this.canvas = canvas;
  }

  draw(run, view, camera, palette, second) {
    const context = sized(this.canvas, camera);
    const path = run.arrays[view.method + "." + view.kind];
    const [, positions, width] = path.shape;
    const at = (step, position) => {
      const i = (step * positions + position) * width;
      return [camera.screenX(path.values[i + view.axes[0]]), camera.screenY(path.values[i + view.axes[1]])];
    };
    const chosen = view.chosen;
    const strength = (position) => (chosen < 0 ? 1 : position === chosen ? 1.6 : 0.25);
    const colour = (position) => (position === chosen ? palette.now : palette.ink);
    const shown = [run.meta.key, view.method, view.kind, view.axes, chosen, ...view.hiddenStyles, ...Object.values(camera), palette.ink].join();
    this.drawPast(shown, run, view, camera, palette, at, strength, colour);
    this.tails(context, run, view, at, strength, colour);
    second.draw(context, run, view, camera, palette);
    for (let position = 0; position < positions; position += 1) {
      context.globalAlpha = Math.min(1, strength(position) + 0.1);
      dot(context, ...at(view.step, position), position === chosen ? 5.5 : 4, palette.now, palette.ground);
    }
    context.globalAlpha = 1;
    if (chosen >= 0) {
      const token = showBlanks(run.tokens[run.topId(view.kind, view.step, chosen)]);
      label(context, ...at(view.step, chosen), chosen + 1 + "  " + token, palette, camera);
    }
    this.heads = Array.from({ length: positions }, (_, position) => at(view.step, position));
  }

  /** The marks, which stay where they are, and over them the older part of every path. */
  drawPast(shown, run, view, camera, palette, at, strength, colour) {
    const stride = pastStride(run.steps);
    const end = Math.floor(view.step / stride); // what is left up to the step is the tail's
    const grows = shown === this.shown && end >= this.drawnTo;
    const from = grows ? this.drawnTo : 0;
    if (!grows) {
      this.pastContext = sized(this.pastCanvas, camera);
      drawLibrary(this.pastContext, run, view, camera);
      this.marks(this.pastContext, run, view, camera, palette, at, strength);
    }
    const context = this.pastContext;
    context.lineWidth = 0.8;
    for (let position = 0; end > from && position < run.positions; position += 1) {
      context.strokeStyle = colour(position);
      context.globalAlpha = 0.13 * strength(position);
      context.beginPath();
      for (let i = from; i <= end; i += 1) context.lineTo(...at(i * stride, position));
      context.stroke();
    }
    [this.shown, this.drawnTo] = [shown, end];
  }

  /** The last steps of every path, ever fainter; all of one look are one stroke, since strokes cost time at every step. */
  tails(context, run, view, at, strength, colour) {
    const { steps, positions } = run;
    const length = Math.max(TAIL_PIECES, Math.round(steps * TAIL_SHARE));
    const edge = (piece) => Math.max(0, Math.round(view.step - length * (1 - piece / TAIL_PIECES)));
    const all = Array.from({ length: positions }, (_, position) => position);
    const looks = [all.filter((position) => position !== view.chosen), all.filter((position) => position === view.chosen)];
    context.lineJoin = "bevel";
    context.lineWidth = 1.4;
    for (const alike of looks.filter((some) => some.length)) {
      context.strokeStyle = colour(alike[0]);
      for (let piece = 0; piece < TAIL_PIECES; piece += 1) {
        const [from, to] = [edge(piece), edge(piece + 1)];
        if (to <= from) continue;
        context.globalAlpha = Math.min(1, ((piece + 1) / TAIL_PIECES) ** 1.5 * 0.75 * strength(alike[0]));
        context.beginPath();
        for (const position of alike) {
          context.moveTo(...at(from, position));
          for (let i = from + 1; i <= to; i += 1) context.lineTo(...at(i, position));
        }
        context.stroke();
      }
    }
  }

  /** The noise that every path comes from, its end, the manual context's tokens, the prompt-tuned vectors. */
  marks(context, run, view, camera, palette, at, strength) {
    const faint = (position) => (view.chosen < 0 || view.chosen === position ? 1 : 0.3);
    context.lineWidth = 1.3;
    context.strokeStyle = palette.ink;
    for (let position = 0; position < run.positions; position += 1) {
      const [x, y] = at(0, position);
      context.globalAlpha = 0.75 * faint(position);
      cross(context, x, y);
      context.globalAlpha = Math.min(1, 0.75 * strength(position));
      ring(context, ...at(run.steps, position), 5.5, palette.ink, 1.3);
    }
    context.lineWidth = 1.6;
    for (const [mark, colour] of [["manual", palette.manual], ["tuned", palette.tuned]]) {
      const name = view.method + "." + mark;
      if (!run.has(name)) continue;
      const { values, shape } = run.arrays[name];
      context.strokeStyle = colour;
      for (let position = 0; position < shape[0]; position += 1) {
        const x = camera.screenX(values[position * shape[1] + view.axes[0]]);
        const y = camera.screenY(values[position * shape[1] + view.axes[1]]);
        context.globalAlpha = faint(position);
        if (mark === "manual") square(context, x, y);
        else triangle(context, x, y);
      }
    }
  }

  /** Returns the position whose dot lies under a point of the screen, or -1. */
  headAt(x, y, reach = 8) {
    return (this.heads || []).findIndex(([hx, hy]) => Math.hypot(hx - x, hy - y) <= reach);
  }
}

/** Writes a text beside a point, on a small ground of its own, inside the picture. */
export function label(context, x, y, text, palette, camera) {
  context.font = "12px " + palette.mono;
  const width = context.measureText(text).width + 12;
  const left = Math.min(Math.max(4, x + 10), camera.width - width - 4);
  const top = Math.min(Math.max(4, y - 26), camera.height - 24);
  context.globalAlpha = 0.94;
  context.fillStyle = palette.ground;
  context.strokeStyle = palette.now;
  context.lineWidth = 1;
  context.beginPath();
  context.roundRect(left, top, width, 20, 4);
  context.fill();
  context.stroke();
  context.globalAlpha = 1;
  context.fillStyle = palette.ink;
  context.fillText(text, left + 6, top + 14);
}
