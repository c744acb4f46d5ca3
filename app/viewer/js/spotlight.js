// Above the picture: rings around the tokens that were found, the selected token with its text, the line drawn around some.

import { sized } from "./field.js";
import { label } from "./paths.js";
import { ring } from "./shapes.js";
import { showBlanks } from "./tokens.js";

const RINGS = 400; // more tokens than this get dots and no texts
const TEXTS = 3; // of the first that were found

export class Spotlight {
  constructor(canvas) { this.canvas = canvas; }

  /** `line` is a list of points of the screen, empty when none is being drawn. */
  draw(run, view, camera, palette, field, line = []) {
    const context = sized(this.canvas, camera);
    const on = ([x, y]) => x > -9 && y > -9 && x < camera.width + 9 && y < camera.height + 9; // false for NaN, which has no place
    const at = (id) => [field.x[id], field.y[id]];
    const seen = view.found.filter((id) => id !== view.token && !view.hidden.has(run.kinds[id]) && on(at(id)));
    this.marks(context, seen.map(at), palette);
    if (view.token < 0 && seen.length <= RINGS) this.texts(context, seen, at, run, palette, camera);
    if (view.token >= 0 && on(at(view.token))) {
      const [x, y] = at(view.token);
      ring(context, x, y, 9, palette.ground, 5);
      ring(context, x, y, 9, palette.now, 2.5);
      label(context, x, y, showBlanks(run.tokens[view.token]), palette, camera);
    }
    if (line.length > 1) this.line(context, line, palette);
  }

  /** Writes the text of the first tokens, but not over one another. */
  texts(context, ids, at, run, palette, camera) {
    const written = [];
    for (const id of ids) {
      const [x, y] = at(id);
      if (written.some(([left, top]) => Math.abs(top - y) < 22 && Math.abs(left - x) < 110)) continue;
      label(context, x, y, showBlanks(run.tokens[id]), palette, camera);
      if (written.push([x, y]) === TEXTS) return;
    }
  }

  marks(context, points, palette) {
    context.globalAlpha = 1;
    context.strokeStyle = context.fillStyle = palette.now;
    context.lineWidth = 2;
    context.beginPath();
    for (const [x, y] of points) {
      if (points.length > RINGS) context.rect(x - 1.5, y - 1.5, 3, 3);
      else {
        context.moveTo(x + 6, y);
        context.arc(x, y, 6, 0, 7);
      }
    }
    if (points.length > RINGS) context.fill();
    else if (points.length) context.stroke();
  }

  line(context, points, palette) {
    context.beginPath();
    points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.lineTo(...points[0]);
    context.fillStyle = context.strokeStyle = palette.now;
    context.globalAlpha = 0.1;
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = 1.5;
    context.stroke();
  }
}
