// A tick for every recorded step under the slider, thinned where they would run together, and the words that say so.

import { sized } from "./field.js";
import { pastStride } from "./paths.js";
import { ordinal, thousands, write } from "./tokens.js";

const TICK_ROOM = 3; // pixels that a tick needs
const LABEL_ROOM = 18; // pixels between two labels
const NICE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000];

export class Ticks {
  constructor(root, viewer) {
    this.viewer = viewer;
    this.canvas = root.querySelector(".ticks");
    this.words = root.querySelector(".thinned");
  }

  redraw(run, view, palette) {
    const { time } = this.viewer;
    const size = { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
    const context = sized(this.canvas, size);
    const place = (step) => Math.min(size.width - 1, Math.max(0, Math.round(time.share(step) * (size.width - 1)))) + 0.5;
    context.strokeStyle = context.fillStyle = palette.ink;
    context.lineWidth = 1;
    context.font = "11px " + palette.sans;
    const labels = labelsOf(time, run, size.width, (text) => context.measureText(text).width);
    const labelled = new Set(labels.map(({ step }) => step));
    const shown = ticksOf(time, size.width, labelled);
    context.globalAlpha = 0.45;
    for (const step of shown.steps) {
      context.beginPath();
      context.moveTo(place(step), 0);
      context.lineTo(place(step), labelled.has(step) ? 6 : 3.5);
      context.stroke();
    }
    context.globalAlpha = 0.78;
    for (const { text, left } of labels) context.fillText(text, left, size.height - 1.5);
    write(this.words, [shown.words, stripWords(time, size.width), pathWords(run.steps)].filter(Boolean).join(" "));
  }
}

/**
 * Returns the steps that have a tick on an axis of so many pixels, in order, and says in `words` how many have none. The
 * first and the last always have one, and so has every one of `labelled`.
 */
function ticksOf(time, width, labelled) {
  const { steps } = time;
  const place = Float64Array.from({ length: steps + 1 }, (_, step) => time.share(step) * width);
  const stride = time.kind !== "linear" ? 1 : NICE.find((each) => (each / steps) * width >= TICK_ROOM) || steps;
  const kept = [...new Set([0, steps, ...labelled])].sort((one, other) => other - one); // the later first
  const chosen = [];
  for (let step = steps; step >= 0; step -= 1) {
    if (step === kept[0]) chosen.push(kept.shift());
    else if (step % stride === 0 && place[chosen.at(-1)] - place[step] >= TICK_ROOM && place[step] - place[kept[0]] >= TICK_ROOM) chosen.push(step);
  }
  chosen.reverse();
  const all = thousands.format(steps + 1);
  if (chosen.length === steps + 1) return { steps: chosen, words: "A tick for each of " + all + " steps." };
  const which = stride > 1 ? "One tick for every " + ordinal(stride) + " step" : "Ticks at least " + TICK_ROOM + " pixels apart";
  return { steps: chosen, words: which + ": " + thousands.format(steps + 1 - chosen.length) + " of " + all + " hidden." };
}

/** Returns the labels {step, text, left} that fit: both ends, then those between by how much they are wanted. */
function labelsOf(time, run, width, measured) {
  const { steps } = time;
  const noise = (step) => (100 * run.noise(step)).toFixed(0) + " %";
  const labels = [];
  for (const step of [0, steps, ...between(time, width)]) {
    const text = time.kind === "noise" ? (step ? "" : "noise ") + noise(step) : thousands.format(step);
    const room = measured(text);
    const left = Math.min(width - room, Math.max(0, time.share(step) * width - room / 2));
    const free = labels.every((label) => left > label.right + LABEL_ROOM || left + room < label.left - LABEL_ROOM);
    if (free) labels.push({ step, text, left, right: left + room });
  }
  return labels;
}

/** Returns the steps between that may have a label: round numbers, round numbers of steps left, or tenths of the noise. */
function between(time, width) {
  const { kind, steps } = time;
  if (kind === "log") return [/^1/, /^5/, /^2/].flatMap((first) => NICE.filter((left) => left < steps && first.test(left)).map((left) => steps - left));
  if (kind === "noise") return [5, 2, 8, 4, 6, 1, 9, 3, 7].map((tenth) => Math.round(time.step(tenth / 10)));
  const stride = NICE.find((each) => (each / steps) * width >= 80) || steps;
  return Array.from({ length: Math.ceil(steps / stride) - 1 }, (_, i) => (i + 1) * stride);
}

/** Says how many steps have no column of pixels in the lock-in strip; nothing if all have one. */
function stripWords(time, width) {
  const shown = new Set(time.columns(width)).size;
  if (shown === time.steps + 1) return "";
  return "The lock-in strip has no column for " + thousands.format(time.steps + 1 - shown) + " of the " + thousands.format(time.steps + 1) + ".";
}

/** Says through which steps the picture draws a path; nothing if through all. */
function pathWords(steps) {
  const stride = pastStride(steps);
  return stride === 1 ? "" : "In the picture the older part of a path goes through every " + ordinal(stride) + " step, its tail through each.";
}
