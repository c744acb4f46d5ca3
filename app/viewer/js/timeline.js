// Buttons, slider, keys and words of time. It only asks for a step; the viewer moves.

const SECONDS_OF_A_RUN = 20; // at 1x, whatever the number of steps

class Timeline {
  constructor(root, viewer) {
    this.root = root;
    this.slider = root.querySelector("input.step");
    this.words = root.querySelector(".where");
    this.live = root.querySelector(".live");
    this.playButton = root.querySelector(".play");
    this.speed = root.querySelector(".speed");
    const by = (steps) => viewer.go(viewer.view.step + steps);
    const toggle = () => (viewer.view.playing ? viewer.rest() : viewer.play());
    this.slider.addEventListener("input", () => viewer.go(Number(this.slider.value)));
    this.playButton.addEventListener("click", toggle);
    for (const button of root.querySelectorAll("[data-by]")) {
      button.addEventListener("click", () => by(Number(button.dataset.by)));
    }
    for (const button of root.querySelectorAll("[data-go]")) {
      button.addEventListener("click", () => viewer.go(button.dataset.go === "start" ? 0 : Infinity));
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
  }

  build(run) { this.slider.max = run.steps; }

  /** Steps per second of play. */
  rate(run) { return Math.max(3, run.steps / SECONDS_OF_A_RUN) * Number(this.speed.value); }

  step(run, view) {
    const words = wordsOf(run, view.step);
    this.slider.value = view.step;
    this.slider.style.setProperty("--done", view.step / run.steps);
    this.slider.setAttribute("aria-valuetext", words);
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
