// Buttons, slider, keys and words of time. It only asks for a step; the viewer moves.

const KEYS = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageDown: -100, PageUp: 100 };
const SECONDS_OF_A_RUN = 20; // at 1x, whatever the number of steps

class Timeline {
  constructor(root, { go, by, toggle }) {
    this.root = root;
    this.slider = root.querySelector("input.step");
    this.words = root.querySelector(".where");
    this.live = root.querySelector(".live");
    this.playButton = root.querySelector(".play");
    this.speed = root.querySelector(".speed");
    this.slider.addEventListener("input", () => go(Number(this.slider.value)));
    this.playButton.addEventListener("click", toggle);
    for (const button of root.querySelectorAll("[data-by]")) {
      button.addEventListener("click", () => by(Number(button.dataset.by)));
    }
    for (const button of root.querySelectorAll("[data-go]")) {
      button.addEventListener("click", () => go(button.dataset.go === "start" ? 0 : Infinity));
    }
    this.onKey = (event) => {
      if (!root.isConnected) return document.removeEventListener("keydown", this.onKey);
      if (!root.offsetParent || event.altKey || event.ctrlKey || event.metaKey || typing(event.target, this.slider)) return;
      if (event.key === " ") {
        if (event.target.closest("button, a, summary")) return;
        toggle();
      } else if (event.key in KEYS) by(KEYS[event.key] * (event.shiftKey && event.key.startsWith("Arrow") ? 10 : 1));
      else if (event.key === "Home") go(0);
      else if (event.key === "End") go(Infinity);
      else return;
      event.preventDefault();
    };
    document.addEventListener("keydown", this.onKey);
  }

  build(run) { this.slider.max = run.steps; }

  /** Steps per second of play. */
  rate(run) { return Math.max(3, run.steps / SECONDS_OF_A_RUN) * Number(this.speed.value); }

  draw(run, view, playing) {
    const words = wordsOf(run, view.step);
    this.slider.value = view.step;
    this.slider.style.setProperty("--done", view.step / run.steps);
    this.slider.setAttribute("aria-valuetext", words);
    write(this.words, words);
    this.root.classList.toggle("playing", playing);
    this.playButton.setAttribute("aria-label", playing ? "Pause" : "Play");
    clearTimeout(this.pause); // a screen reader hears where the step came to rest, not every frame
    if (playing) return;
    this.pause = setTimeout(() => {
      const locked = run.lockedAt(view.kind).filter((step) => step <= view.step).length;
      write(this.live, words + "; " + locked + " of " + run.positions + " positions locked");
    }, 500);
  }
}

/** Whether a key belongs to something else: a text, a list, another slider, the tabs. */
function typing(target, slider) {
  if (target === slider || !target.closest) return false;
  return Boolean(target.closest("input, select, textarea, [contenteditable=true], [role=tab], [role=listbox], [role=dialog]"));
}
