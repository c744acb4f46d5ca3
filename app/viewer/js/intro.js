// The first minute: the recorded run plays once, slowly, with four captions, then rests at the end.

import { chaptersOfCode } from "./code_findings.js";
import { make, thousands } from "./tokens.js";

const SEEN = "ddpt-explorer-tour";
const NOISE_SHARE = 0.99; // above it less than a seventh of a vector is signal

export class Intro {
  constructor(element) {
    this.element = element;
    this.running = false;
  }

  /** Whether this browser has seen it; a browser that keeps nothing sees it again. */
  get seen() {
    try { return localStorage.getItem(SEEN) === "yes"; } catch { return false; }
  }

  start(run, kind) {
    this.running = true;
    this.kind = kind;
    this.chapters = chaptersOf(run, kind);
    try { localStorage.setItem(SEEN, "yes"); } catch { /* private windows keep nothing */ }
  }

  /** Shows the caption of the step; with `stop` the captions are over. */
  step(run, view) {
    if (!this.running) return;
    const chapter = this.chapters.findLast(({ from }) => view.step >= from);
    this.element.hidden = false;
    if (this.shown === chapter) return;
    this.shown = chapter;
    this.element.replaceChildren(make("b", "", chapter.title), make("span", "", chapter.text));
  }

  /** The code of the run is there now, and with it what there is to tell. */
  learn(run) {
    if (this.running) this.chapters = chaptersOf(run, this.kind);
  }

  stop() {
    if (!this.running) return;
    this.running = false;
    this.shown = null;
    this.element.hidden = true;
  }
}

/** Returns the four chapters {from, title, text} of a run, at steps that the run itself decides. */
function chaptersOf(run, kind) {
  const { steps, positions } = run;
  let drift = 0;
  while (drift < steps && run.noise(drift) > NOISE_SHARE) drift += 1;
  const locks = Array.from(run.lockedAt(kind)).sort((a, b) => a - b);
  const half = Math.ceil(positions / 2);
  drift = Math.max(1, Math.min(drift, steps - 2));
  if (run.codes && run.codes.length) return chaptersOfCode(run, drift);
  const lockIn = Math.min(steps - 1, Math.max(drift + 1, locks[half - 1]));
  const kept = locks.filter((step) => step <= lockIn).length;
  const where = (step) => thousands.format(step);
  return [
    { from: 0, title: "Noise", text: "Every position of the context starts as a random vector. What it is nearest to is chance." },
    { from: drift, title: "Drift", text: "From step " + where(drift) + " the noise gives way, and the paths bend towards where they will end." },
    { from: lockIn, title: "Lock-in", text: "By step " + where(lockIn) + ", " + kept + " of " + positions + " positions have the nearest token that they keep." },
    { from: steps, title: "End", text: "The finished context, given to the frozen model in place of written words. Drag the time line to go back." },
  ];
}
