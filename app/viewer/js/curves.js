// What is measured along the path, one curve below the other on the time axis of the slider, with one cursor through all.

import { Curve, EDGE } from "./curve.js";
import { Loss } from "./loss.js";
import { MEASURES, measured } from "./measures.js";
import { download } from "./save.js";
import { seekByPointer, shareAt } from "./slider.js";
import { make, write } from "./tokens.js";
import { wordsOf } from "./words.js";

export class Curves {
  constructor(root, viewer) {
    this.viewer = viewer;
    this.box = root.querySelector(".curves");
    const again = () => viewer.run && viewer.palette && this.redraw(viewer.run, viewer.view, viewer.palette);
    this.loss = new Loss(viewer, () => { again(); if (viewer.palette) this.step(viewer.run, viewer.view); });
    this.curves = MEASURES.map((measure) => new Curve(measure, again, measure.name === "loss" ? this.loss.node : null));
    this.cursor = make("i", "now-line");
    this.pointed = make("i", "pointed-line");
    this.pointed.hidden = true;
    const lines = make("div", "lines"); // as wide as the curves: a line in it is moved by a share of its own width
    lines.append(this.pointed, this.cursor);
    const words = make("p", "strip-words");
    this.words = make("span");
    const ends = make("span", "ends");
    ends.append(this.save("curves ⤓", "What the curves show, of every step and position, as CSV", saveCurves));
    ends.append(this.save("picture ⤓", "The curves that are open as PNG", savePlots));
    words.append(this.words, ends);
    const plots = make("div", "plots");
    plots.append(...this.curves.map(({ node }) => node), lines);
    this.box.append(plots, words);
    for (const { box } of this.curves) this.listen(box);
  }

  save(text, title, run) {
    const button = make("button", "quiet", text);
    Object.assign(button, { type: "button", title });
    button.addEventListener("click", () => this.viewer.run && run(this.viewer, this.curves));
    return button;
  }

  listen(box) {
    const { viewer } = this;
    seekByPointer(box, viewer);
    box.addEventListener("pointermove", ({ clientX }) => this.hover(viewer.clamp(viewer.time.step(shareAt(box, clientX)))));
    box.addEventListener("pointerleave", () => this.hover(null));
  }

  /** Shows what every curve has at a step that is pointed at; null for none. */
  hover(step) {
    const { run, view, time } = this.viewer;
    this.pointed.hidden = step === null;
    if (step !== null) this.pointed.style.transform = "translateX(" + 100 * time.share(step) + "%)";
    for (const curve of this.curves) curve.hover(run, view, step);
  }

  redraw(run, view, palette) {
    const second = this.viewer.second.run;
    for (const one of [run, second]) if (one) this.loss.fetch(one, view.kind);
    this.loss.show(run);
    for (const curve of this.curves) curve.draw(run, view, palette, this.viewer.time, second);
    this.hover(null);
    const dashed = second ? "; dashed: the mean of " + second.meta.label + " at the same share of its way" : "";
    write(this.words, "along the path: a fine line per position, the mean bold" + dashed);
  }

  step(run, view) {
    const { time, second } = this.viewer;
    this.cursor.style.transform = "translateX(" + 100 * time.share(view.step) + "%)";
    const secondStep = second.run ? second.stepOf(run, view.step) : 0;
    for (const curve of this.curves) curve.step(run, view, second.run, secondStep);
  }
}

/** Saves what the curves show: a line for every step and position, and one for the mean, which has the loss too. */
function saveCurves({ run, view }) {
  const names = MEASURES.map(({ name }) => name);
  const all = names.map((name) => measured(run, view.kind, name));
  const losses = new Map(run.losses[view.kind] ? run.losses[view.kind].rows.map(({ step, loss }) => [step, loss]) : []);
  const number = (value) => (value === undefined ? "" : Number(value.toPrecision(7)));
  const lines = [["step", "timestep", "noise_level", "position", ...names].join(",")];
  for (let step = 0; step <= run.steps; step += 1) {
    const when = [step, run.timestep(step), run.noise(step).toPrecision(6)];
    for (let position = 0; position < run.positions; position += 1) {
      const values = all.map((series) => (series && series.values ? number(series.values[step * run.positions + position]) : ""));
      lines.push([...when, position + 1, ...values].join(","));
    }
    const means = all.map((series, i) => (names[i] === "loss" ? number(losses.get(step)) : series ? number(series.mean[step]) : ""));
    lines.push([...when, "mean", ...means].join(","));
  }
  download(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }), curvesName(run, view, ".csv"));
}

/** Saves the curves that are open, with their titles, one below the other. */
function savePlots({ run, view, palette, time }, curves) {
  const open = curves.filter(({ folded, plot }) => !folded && !plot.hidden);
  if (!open.length) return;
  const density = window.devicePixelRatio || 1;
  const [left, title] = [52, 22];
  const width = left + open[0].box.clientWidth;
  const canvas = make("canvas");
  const height = open.reduce((sum, { box }) => sum + title + box.clientHeight, 30);
  [canvas.width, canvas.height] = [width * density, height * density];
  const context = canvas.getContext("2d");
  context.scale(density, density);
  context.fillStyle = palette.ground;
  context.fillRect(0, 0, width, height);
  context.font = "12px " + palette.sans;
  let top = 0;
  for (const { measure, value, about, canvas: plot, box, axis } of open) {
    const { clientWidth: across, clientHeight: high } = box;
    context.fillStyle = palette.ink;
    context.fillText([measure.title + " (" + measure.unit + "): " + value.textContent, about.textContent].filter(Boolean).join(", "), 3, top + 15);
    axis.forEach(({ textContent: text }, i) => {
      context.fillText(text, left - 6 - context.measureText(text).width, top + title + EDGE + 4 + (i / 2) * (high - 2 * EDGE));
    });
    context.drawImage(plot, left, top + title, across, high);
    context.fillStyle = palette.now;
    context.fillRect(left + time.share(view.step) * across - 1, top + title, 2, high);
    top += title + high;
  }
  context.fillStyle = palette.ink;
  context.fillText(run.meta.label + " · " + wordsOf(run, view.step) + " · " + view.kind, 3, top + 20);
  canvas.toBlob((blob) => download(blob, curvesName(run, view, ".png")), "image/png");
}

function curvesName(run, view, ending) {
  return ["curves", run.meta.name, view.kind].join("-").replace(/[^\w.-]+/g, "_") + ending;
}
