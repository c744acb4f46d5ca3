// The loss along the path: fetched if it was measured before, else measured by the server when somebody asks for it.

import { fetchFile } from "./data.js";
import { make, write } from "./tokens.js";

export class Loss {
  /** `changed` is called whenever a run has got its loss. */
  constructor(viewer, changed) {
    Object.assign(this, { viewer, changed, underWay: null, failure: null, measured: new Map() }); // by key and kind
    this.asked = new Set(); // addresses on their way
    this.node = make("div", "loss");
    this.button = make("button", "measure");
    this.bar = make("progress");
    this.stop = make("button", "quiet", "cancel");
    this.words = make("span", "words");
    for (const button of [this.button, this.stop]) button.type = "button";
    this.bar.max = 1;
    this.bar.setAttribute("aria-label", "How much of the loss is measured");
    this.node.append(this.button, this.bar, this.words, this.stop);
    this.button.addEventListener("click", () => this.measure());
    this.stop.addEventListener("click", () => window.ddptLoss.stop(this.underWay.key));
    this.onNews = ({ detail }) => this.hear(detail);
    document.addEventListener("ddpt-loss", this.onNews);
  }

  measure() {
    const { run, view: { kind } } = this.viewer;
    const { key } = run.meta;
    this.failure = null;
    this.underWay = { key, kind, share: 0, text: "Starting…" };
    window.ddptLoss.measure(key, kind);
    this.show(this.viewer.run);
    this.stop.focus();
  }

  hear({ key, kind, state, share, text, loss }) {
    if (!this.node.isConnected) return document.removeEventListener("ddpt-loss", this.onNews);
    const focused = document.activeElement === this.stop;
    this.underWay = state === "busy" ? { key, kind, share, text } : null;
    this.failure = state === "failed" ? { key, kind, text } : null;
    if (state === "done") this.measured.set(key + kind, loss);
    if (!this.viewer.run) return;
    if (state === "done") this.changed();
    this.show(this.viewer.run);
    if (focused && state !== "busy") (this.button.hidden ? this.node.parentNode.querySelector(".fold") : this.button).focus();
  }

  /** Gives a run the loss of a kind of vector if that was measured, now or as soon as it is fetched. */
  fetch(run, kind) {
    const address = run.meta.files["loss-" + kind];
    run.losses[kind] ||= this.measured.get(run.meta.key + kind);
    if (run.losses[kind] || !address || this.asked.has(address)) return;
    this.asked.add(address);
    fetchFile(address, "json").then(
      (loss) => { run.losses[kind] = loss; this.changed(); },
      (error) => { this.failure = { key: run.meta.key, kind, text: error.message }; this.show(this.viewer.run); },
    ).finally(() => this.asked.delete(address));
  }

  /** Whether something is of what is shown: the run and the kind of vector. */
  isShown({ key, kind }) { return key === this.viewer.run.meta.key && kind === this.viewer.view.kind; }

  show(run) {
    const { underWay } = this;
    const loss = run.losses[this.viewer.view.kind];
    const offer = window.ddptLoss && window.ddptLoss.offer;
    const failed = !loss && !underWay && this.failure && this.isShown(this.failure);
    const asks = !loss && !underWay && offer && offer.examples > 0;
    this.button.hidden = !asks;
    this.bar.hidden = this.stop.hidden = Boolean(loss) || !underWay;
    this.words.classList.toggle("failed", Boolean(failed));
    this.words.setAttribute("aria-live", underWay ? "off" : "polite");
    if (underWay) this.bar.value = underWay.share;
    if (asks) {
      const seconds = offer.seconds * Math.min(offer.steps, run.steps + 1);
      write(this.button, "measure the loss (about " + Math.ceil(seconds) + " s)");
    }
    write(this.words, failed ? this.failure.text : this.text(run, loss, offer));
  }

  text(run, loss, offer) {
    const { underWay } = this;
    if (loss) {
      const { examples, source, rows } = loss;
      return "Mean per token over the references of " + examples + " examples, " + source + "; measured at " +
        rows.length + " steps, each with its " + this.viewer.view.kind + " as the context.";
    }
    if (underWay) return (this.isShown(underWay) ? "" : underWay.key === run.meta.key ? "The other vectors: " : "Another run: ") + underWay.text;
    if (!offer || !offer.examples) return "It was not measured for this run, and there are no examples here to measure it on.";
    return "on " + offer.examples + " examples, at " + Math.min(offer.steps, run.steps + 1) + " steps; it is kept once measured";
  }
}
