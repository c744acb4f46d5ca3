// Buttons, keys, speed and words of time. It only asks for a step; the viewer moves.

import { Slider } from "./slider.js";
import { TIMES } from "./time_scale.js";
import { write } from "./tokens.js";
import { wordsOf } from "./words.js";

const SECONDS_OF_A_RUN = 20; // at 1x, whatever the number of steps
const SECONDS_OF_A_FIT = 10; // at the speed "fit"
const STEPS_A_SECOND = 3; // at least, at 1x: a run of few steps does not crawl

export class Timeline {
  constructor(root, viewer) {
    this.root = root;
    this.viewer = viewer;
    this.slider = new Slider(root, viewer);
    this.words = root.querySelector(".where span");
    this.live = root.querySelector(".live");
    this.playButton = root.querySelector(".play");
    this.speed = root.querySelector(".speed");
    const by = (steps) => viewer.go(viewer.view.step + steps);
    const toggle = () => (viewer.view.playing ? viewer.rest() : viewer.play());
    this.playButton.addEventListener("click", toggle);
    for (const button of root.querySelectorAll("[data-by]")) {
      button.addEventListener("click", () => by(Number(button.dataset.by)));
    }
    for (const button of root.querySelectorAll("[data-go]")) {
      button.addEventListener("click", () => viewer.go(button.dataset.go === "start" ? 0 : Infinity));
    }
    for (const button of root.querySelectorAll("[data-time]")) {
      button.addEventListener("click", () => this.stretch(button.dataset.time));
    }
    const add = (...entry) => viewer.keys.add("Time", ...entry);
    add(" ", "play or pause", toggle);
    for (const [name, sign] of [["Left", -1], ["Down", -1], ["Right", 1], ["Up", 1]]) {
      add("Arrow" + name, (sign < 0 ? "back" : "on") + " 1 step", () => by(sign), false);
      add("Arrow" + name, (sign < 0 ? "back" : "on") + " 10 steps", () => by(10 * sign), true);
    }
    add("PageDown", "back 100 steps", () => by(-100));
    add("PageUp", "on 100 steps", () => by(100));
    add("Home", "first step", () => viewer.go(0));
    add("End", "last step", () => viewer.go(Infinity));
    add("<", "play slower", () => this.pace(-1));
    add(">", "play faster", () => this.pace(1));
    add("l", "linear time, logarithmic, or by noise", () => this.otherTime());
  }

  build(run) { this.slider.build(run); }

  /**
   * Returns the share of the axis that play covers in a second. Play moves evenly along the axis as it is shown: in
   * linear time every step takes as long, in another the steps that are drawn widest take longest.
   */
  rate(run, speed = this.speed.value) {
    if (speed === "fit") return 1 / SECONDS_OF_A_FIT;
    return Math.max(STEPS_A_SECOND / run.steps, 1 / SECONDS_OF_A_RUN) * Number(speed);
  }

  /** Takes the next slower (-1) or faster (1) of the speeds; "fit" lies wherever this run puts it. */
  pace(sign) {
    const { run } = this.viewer;
    if (!run) return;
    const far = (speed) => sign * this.rate(run, speed);
    const beyond = Array.from(this.speed.options, ({ value }) => value)
      .filter((value) => value !== "fit" && far(value) > far(this.speed.value))
      .sort((one, other) => far(one) - far(other));
    if (beyond.length) this.speed.value = beyond[0];
    write(this.live, "speed " + this.speed.selectedOptions[0].textContent);
  }

  /** Shows another kind of time, now and when somebody comes back. */
  stretch(kind) {
    this.viewer.stretch(kind);
    this.viewer.time.keep();
    write(this.live, TIMES[kind].words);
  }

  otherTime() {
    const kinds = Object.keys(TIMES);
    this.stretch(kinds[(kinds.indexOf(this.viewer.time.kind) + 1) % kinds.length]);
  }

  redraw() {
    for (const button of this.root.querySelectorAll("[data-time]")) {
      button.setAttribute("aria-pressed", String(button.dataset.time === this.viewer.time.kind));
    }
  }

  step(run, view) {
    const words = wordsOf(run, view.step);
    this.slider.step(run, view, words);
    write(this.words, words);
    this.root.classList.toggle("playing", view.playing);
    this.playButton.setAttribute("aria-label", view.playing ? "Pause" : "Play");
    clearTimeout(this.pause); // a screen reader hears where the step came to rest, not every frame
    if (view.playing) return;
    this.pause = setTimeout(() => {
      const locked = run.lockedAt(view.kind).filter((step) => step <= view.step).length;
      write(this.live, words + "; " + locked + " of " + run.positions + " positions locked");
    }, 500);
  }
}
