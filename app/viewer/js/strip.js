// Lock-in: positions x steps, as logit-lens views have it. The colour is the similarity of the nearest token, and where
// the same token stays nearest for long enough, its text is written. Drawn once; only the cursor moves.

import { chip } from "./chip.js";
import { sized } from "./field.js";
import { seekByPointer } from "./slider.js";
import { SHADE_BYTES, SHADE_INKS, stripCells } from "./strip_cells.js";
import { StripRows } from "./strip_rows.js";
import { make, short, showBlanks, thousands, write } from "./tokens.js";

const DIM = 0.35; // of the rows that are not chosen
const TEXT_ROOM = 12; // pixels that a row must be high for text

export class Strip {
  constructor(root, viewer) {
    this.viewer = viewer;
    this.box = root.querySelector(".strip");
    this.canvas = this.box.querySelector("canvas");
    this.lane = this.box.querySelector(".cursor-lane");
    this.low = root.querySelector(".scale .low");
    this.high = root.querySelector(".scale .high");
    this.rows = new StripRows(root.querySelector(".strip-rows"), viewer);
    this.tip = root.querySelector(".strip-tip");
    seekByPointer(this.box, viewer);
    this.box.addEventListener("dblclick", (event) => viewer.choose(this.placeOf(event).position));
    this.box.addEventListener("pointermove", (event) => this.hover(event));
    this.box.addEventListener("pointerleave", () => { this.tip.hidden = true; });
  }

  build(run) {
    this.tip.hidden = true;
    this.box.parentElement.style.setProperty("--positions", run.positions);
    this.rows.build(run);
  }

  /** Returns {x, y, step, position} of a pointer event on the strip. */
  placeOf({ clientX, clientY }) {
    const { left, top, width, height } = this.box.getBoundingClientRect();
    const { run, time } = this.viewer;
    const position = Math.floor(((clientY - top) / height) * run.positions);
    return {
      x: clientX - left,
      y: clientY - top,
      step: this.viewer.clamp(time.step((clientX - left) / width)),
      position: Math.min(run.positions - 1, Math.max(0, position)),
    };
  }

  hover(event) {
    const { run, view } = this.viewer;
    if (!run || event.buttons) return void (this.tip.hidden = true); // where one drags, the panels tell
    const { x, y, step, position } = this.placeOf(event);
    const words = "position " + (position + 1) + " · step " + thousands.format(step) + " · similarity " + short(run.score(view.kind, step, position));
    this.tip.hidden = false;
    this.tip.replaceChildren(chip(run, run.topId(view.kind, step, position)), make("span", "", words));
    const left = Math.max(0, Math.min(x + 14, this.box.clientWidth - this.tip.offsetWidth));
    this.tip.style.transform = "translate(" + left + "px," + (y - this.tip.offsetHeight - 8) + "px)";
  }

  redraw(run, view, palette) {
    if (this.run !== run || this.kind !== view.kind) Object.assign(this, { run, kind: view.kind, cells: stripCells(run, view.kind) });
    const size = { width: this.box.clientWidth, height: this.box.clientHeight };
    const context = sized(this.canvas, size);
    const image = this.image(run);
    const row = size.height / run.positions;
    // A cell reaches half-way to the steps beside it, as far as a click would choose it.
    const edges = Float64Array.from({ length: run.steps + 2 }, (_, step) => this.viewer.time.share(step - 0.5) * size.width);
    context.imageSmoothingEnabled = false;
    context.font = Math.min(11, row - 3) + "px " + palette.mono;
    context.textBaseline = "middle";
    run.lockedAt(view.kind).forEach((locked, position) => {
      const dim = view.chosen >= 0 && view.chosen !== position;
      const [top, height] = [position * row, Math.max(1, row - 1)];
      context.globalAlpha = dim ? DIM : 1;
      context.drawImage(image, 0, position, image.width, 1, 0, top, size.width, height);
      context.globalAlpha = 1;
      if (row >= TEXT_ROOM) this.write(context, run, position, edges, top + height / 2 + 0.5, dim ? palette.ink : null);
      markLock(context, Math.min(size.width - 2, Math.max(0, edges[locked] - 1)), top, height);
    });
    const [low, high] = run.arrays[view.kind + ".range"].values;
    this.rows.redraw(run, view);
    write(this.low, short(low));
    write(this.high, short(high));
  }

  /** Returns a canvas with a pixel for every column of the strip, see TimeScale.columns, and every position. */
  image(run) {
    const steps = this.viewer.time.columns(this.canvas.width);
    const canvas = make("canvas");
    [canvas.width, canvas.height] = [steps.length, run.positions];
    const image = new ImageData(canvas.width, canvas.height);
    const pixels = new Uint32Array(image.data.buffer);
    for (let position = 0, i = 0; position < run.positions; position += 1) {
      const first = position * (run.steps + 1);
      for (let column = 0; column < steps.length; column += 1, i += 1) {
        pixels[i] = SHADE_BYTES[this.cells.shades[first + steps[column]]];
      }
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    return canvas;
  }

  /** Writes the nearest token into every stretch of a row that has room for it, in `ink`, else in what reads best there. */
  write(context, run, position, edges, middle, ink) {
    for (const { from, to, id } of this.cells.stretches[position]) {
      const left = edges[from] + 4;
      const room = edges[to + 1] - 3 - left;
      if (room < 7) continue;
      const text = fitting(context, showBlanks(run.tokens[id]), room);
      if (!text) continue;
      const under = Math.min(to, Math.max(from, Math.round(this.viewer.time.step((left + Math.min(room, 20) / 2) / edges.at(-1)))));
      context.fillStyle = ink || SHADE_INKS[this.cells.shades[position * (run.steps + 1) + under]];
      context.fillText(text, left, middle);
    }
  }

  step(run, view) { this.lane.style.transform = "translateX(" + 100 * this.viewer.time.share(view.step) + "%)"; }
}

/** The step since which a row has kept its token: white, with dark sides that show it on the lightest colour too. */
function markLock(context, left, top, height) {
  context.fillStyle = "#000";
  context.fillRect(left - 1, top, 4, height);
  context.fillStyle = "#fff";
  context.fillRect(left, top, 2, height);
}

const textWidths = new Map(); // font and text -> pixels: the same few tokens are measured at every drawing

/** Returns a text that fits into so many pixels, cut with "…" if at least two characters stay; "" if nothing fits. */
function fitting(context, text, room) {
  const characters = Array.from(text);
  const known = context.font + text;
  if (!textWidths.has(known)) {
    if (textWidths.size > 5000) textWidths.clear();
    textWidths.set(known, context.measureText(text).width);
  }
  const width = textWidths.get(known);
  if (width <= room) return text;
  const kept = Math.floor((room / width) * characters.length) - 1;
  return kept >= 2 ? characters.slice(0, kept).join("") + "…" : "";
}
