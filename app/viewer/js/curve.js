// One measure along the path: a fine line for each position, their mean bold, the chosen position in the accent.

import { sized } from "./field.js";
import { measured, nearestOf, rangeOf, roundAxis } from "./measures.js";
import { make, thousands, write } from "./tokens.js";
import { writeExplained } from "./words.js";

const FAINT = 0.17; // of a position's line
const APART = 2; // pixels between two points of a position's line; the mean and a chosen position have every step
export const EDGE = 5; // pixels between the plot's border and its outermost lines

const numbers = [3, 4].map((digits) => new Intl.NumberFormat("en-US", { minimumSignificantDigits: digits, maximumSignificantDigits: digits }));

export class Curve {
  /** `below` is a node that stands below the plot, or in its place as long as there is nothing to draw. */
  constructor(measure, onFold, below) {
    this.measure = measure;
    this.node = make("section", "curve");
    this.node.dataset.curve = measure.name;
    this.fold = make("button", "fold", measure.title);
    this.fold.type = "button";
    this.fold.setAttribute("aria-expanded", "true");
    this.fold.addEventListener("click", () => {
      this.fold.setAttribute("aria-expanded", String(this.node.classList.toggle("folded") === false));
      onFold();
    });
    [this.value, this.about, this.other, this.hovered] = ["value", "about", "other", "hovered"].map((name) => make("span", name));
    const head = make("div", "curve-head");
    const unit = make("span", "unit");
    writeExplained(unit, measure.unit, "nats");
    head.append(this.fold, unit, this.value, this.about, this.other, this.hovered);
    this.axis = Array.from({ length: 3 }, () => make("span"));
    const axis = make("div", "curve-axis");
    axis.append(...this.axis);
    this.box = make("div", "curve-box");
    this.canvas = make("canvas");
    this.canvas.setAttribute("role", "img");
    this.box.append(this.canvas);
    this.plot = make("div", "curve-plot");
    this.plot.append(axis, this.box);
    this.missing = make("p", "missing", "The packed data of this run does not hold this; sample the run again to see it.");
    this.node.append(head, this.plot, ...(below ? [below] : [this.missing]));
  }

  get folded() { return this.node.classList.contains("folded"); }

  format(value) { return numbers[this.measure.digits - 3].format(value); }

  /** Draws everything but the cursor. `time` places the steps, `second` is another run or null. */
  draw(run, view, palette, time, second) {
    const series = measured(run, view.kind, this.measure.name);
    const other = second && measured(second, view.kind, this.measure.name);
    this.plot.hidden = !series;
    this.missing.hidden = Boolean(series);
    this.canvas.setAttribute("aria-label", series ? this.words(run, series) : "");
    const size = { width: this.box.clientWidth, height: this.box.clientHeight };
    if (!series || !size.width || !size.height) return;
    const context = sized(this.canvas, size);
    const range = other ? rangeOf([...series.range, ...rangeOf(other.mean)]) : series.range;
    const { axis, decimals } = roundAxis(range, this.measure.least);
    const y = (value) => size.height - EDGE - ((value - axis[0]) / (axis[2] - axis[0])) * (size.height - 2 * EDGE);
    const format = new Intl.NumberFormat("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    axis.forEach((value, i) => write(this.axis[2 - i], format.format(value).replace("-", "−")));
    this.drawGrid(context, axis, y, size, palette);
    context.lineJoin = "round";
    const xs = Float32Array.from(series.steps, (step) => time.share(step) * size.width);
    const all = Array.from(xs.keys());
    if (series.values) {
      [context.strokeStyle, context.lineWidth, context.globalAlpha] = [palette.ink, 0.8, view.chosen < 0 ? FAINT : FAINT / 2];
      context.beginPath();
      const some = spaced(xs);
      for (let position = 0; position < run.positions; position += 1) drawLine(context, xs, some, series.values.subarray(position), run.positions, y);
      context.stroke();
    }
    context.globalAlpha = 1;
    if (other) {
      context.beginPath();
      [context.strokeStyle, context.lineWidth] = [palette.second, 1.6];
      context.setLineDash([5, 4]);
      const places = Float32Array.from(other.steps, (step) => time.share((step / second.steps) * run.steps) * size.width);
      drawLine(context, places, spaced(places), other.mean, 1, y);
      context.stroke();
      context.setLineDash([]);
    }
    context.beginPath();
    [context.strokeStyle, context.lineWidth] = [palette.ink, 1.8];
    drawLine(context, xs, all, series.mean, 1, y);
    context.stroke();
    if (!series.values) {
      context.fillStyle = palette.ink;
      xs.forEach((x, i) => context.fillRect(x - 1.5, y(series.mean[i]) - 1.5, 3, 3));
    }
    if (series.values && view.chosen >= 0) {
      context.beginPath();
      [context.strokeStyle, context.lineWidth] = [palette.now, 1.8];
      drawLine(context, xs, all, series.values.subarray(view.chosen), run.positions, y);
      context.stroke();
    }
  }

  drawGrid(context, axis, y, { width }, palette) {
    [context.strokeStyle, context.lineWidth, context.globalAlpha] = [palette.ink, 1, 0.14];
    context.beginPath();
    for (const value of axis) {
      const height = Math.round(y(value)) + 0.5;
      context.moveTo(0, height);
      context.lineTo(width, height);
    }
    context.stroke();
  }

  /** Writes what is measured at the step, of the chosen position if there is one. */
  step(run, view, second, secondStep) {
    const { name } = this.measure;
    const series = measured(run, view.kind, name);
    const other = second && measured(second, view.kind, name);
    write(this.value, series ? this.format(this.at(run, series, view, view.step)) : "");
    write(this.about, series ? this.aboutValue(run, series, view) : "");
    write(this.other, other ? "second run " + this.format(other.mean[nearestOf(other.steps, secondStep)]) : "");
  }

  /** Writes what is measured at a step that is pointed at; null for none. */
  hover(run, view, step) {
    const series = step === null ? null : measured(run, view.kind, this.measure.name);
    if (!series) return write(this.hovered, "");
    const shown = series.steps[nearestOf(series.steps, step)];
    write(this.hovered, "step " + thousands.format(shown) + ": " + this.format(this.at(run, series, view, step)));
  }

  at(run, series, view, step) {
    const i = nearestOf(series.steps, step);
    return series.values && view.chosen >= 0 ? series.values[i * run.positions + view.chosen] : series.mean[i];
  }

  aboutValue(run, series, view) {
    const i = nearestOf(series.steps, view.step);
    if (!series.values) return series.steps[i] === view.step ? "" : "at step " + thousands.format(series.steps[i]);
    if (view.chosen < 0) return "mean of " + run.positions + " positions";
    return "position " + (view.chosen + 1) + " · mean " + this.format(series.mean[i]);
  }

  words(run, { values, mean, steps }) {
    const { title, unit } = this.measure;
    const last = mean.length - 1;
    return title + " (" + unit + ")" + (values ? ", mean of " + run.positions + " positions: " : ": ") + this.format(mean[0]) +
      " at step 0, " + this.format(mean[last]) + " at step " + thousands.format(steps[last]);
  }
}

/** Returns which of the places are drawn where not all need be: at least APART from each other, the first and the last. */
function spaced(xs) {
  const some = [0];
  for (let i = 1; i < xs.length - 1; i += 1) if (xs[i] - xs[some[some.length - 1]] >= APART) some.push(i);
  return [...some, xs.length - 1];
}

/** Adds a line to the path that is being drawn: at each place `i` of `some` the value with the number `i * every`. */
function drawLine(context, xs, some, values, every, y) {
  context.moveTo(xs[0], y(values[0]));
  for (const i of some) context.lineTo(xs[i], y(values[i * every]));
}
