// What lies under the pointer: a token, or a position's dot with its nearest token; and how true its place is.

import { dress } from "./chip.js";
import { drawnWords, positionBeside } from "./drawn.js";
import { make, short, thousands, write } from "./tokens.js";
import { REST, truthAbout, truthWords } from "./truths.js";

export class Hover {
  constructor(tip, viewer) {
    this.tip = tip;
    this.viewer = viewer;
    this.about = make("span");
    this.drawn = make("span", "drawn");
    this.truth = make("span", "truth");
    this.chip = make("span", "chip");
    const first = make("div");
    first.append(this.chip, this.about);
    this.tip.replaceChildren(first, this.drawn, this.truth);
  }

  at(x, y) {
    const { run, view, paths, field } = this.viewer;
    if (!run) return;
    const head = paths.headAt(x, y);
    const id = head < 0 ? field.at(run, view, x, y) : run.topId(view.kind, view.step, head);
    this.tip.hidden = id < 0;
    clearTimeout(this.later);
    if (id < 0) return;
    const position = head >= 0 ? head : view.chosen >= 0 ? view.chosen : positionBeside(run, view, id);
    dress(this.chip, run, id);
    const words = [run.kindNames[run.kinds[id]], "id " + thousands.format(id)];
    if (head >= 0) words.unshift("position " + (head + 1) + ", nearest " + short(run.score(view.kind, view.step, head)));
    write(this.about, words.join(" · "));
    const resting = !view.playing;
    write(this.drawn, resting ? "from position " + (position + 1) + ": " + drawnWords(run, view, position, id) : "");
    write(this.truth, "");
    this.place(x, y);
    if (!resting) return;
    const about = truthAbout(run, view, position, id);
    const tell = (text) => {
      if (view.step !== about.step || this.tip.hidden || this.chip.tokenId !== id) return;
      write(this.truth, text);
      this.place(x, y);
    };
    const known = this.viewer.truths.known(about);
    if (known) return tell(truthWords(known));
    this.later = setTimeout(() => {
      this.viewer.truths.fetch(about).then((answer) => tell(truthWords(answer)), (error) => tell(error.message));
    }, REST);
  }

  /** What was said is of another step. */
  step() { if (!this.tip.hidden) this.leave(); }

  leave() {
    clearTimeout(this.later);
    this.tip.hidden = true;
  }

  place(x, y) {
    const { camera } = this.viewer;
    const left = Math.min(x + 14, camera.width - this.tip.offsetWidth - 6);
    const above = y - this.tip.offsetHeight - 10;
    this.tip.style.transform = "translate(" + Math.max(4, left) + "px," + (above < 4 ? y + 16 : above) + "px)";
  }
}
