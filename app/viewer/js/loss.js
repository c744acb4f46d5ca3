// The loss along the path: fetched if it was measured before, else measured by the server when somebody asks for it.

import { fetchFile } from "./data.js";
import { make, write } from "./tokens.js";

export class Loss {
  /** `changed` is called whenever a run has got its loss. */
  constructor(viewer, changed) {
    Object.assign(this, { viewer, changed, underWay: null, failure: null, measured: new Map() }); // by the run's key
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
    const { key } = this.viewer.run.meta;
    this.failure = null;
    this.underWay = { key, share: 0, text: "Starting…" };
    window.ddptLoss.measure(key);
    this.show(this.viewer.run);
    this.stop.focus();
  }

  hear({ key, state, share, text, loss }) {
    if (!this.node.isConnected) return document.removeEventListener("ddpt-loss", this.onNews);
    const focused = document.activeElement === this.stop;
    this.underWay = state === "busy" ? { key, share, text } : null;
    this.failure = state === "failed" ? { key, text } : null;
    if (state === "done") this.measured.set(key, loss);
    if (!this.viewer.run) return;
    if (state === "done") this.changed();
    this.show(this.viewer.run);
    if (focused && state !== "busy") (this.button.hidden ? this.node.parentNode.querySelector(".fold") : this.button).focus();
  }

  /** Gives a run its loss if that was measured, now or as soon as it is fetched. */
  fetch(run) {
    run.loss ||= this.measured.get(run.meta.key);
    if (run.loss || run.lossAsked || !run.meta.files.loss) return;
    run.lossAsked = true;
    fetchFile(run.meta.files.loss, "json").then(
      (loss) => { run.loss = loss; this.changed(); },
      (error) => { this.failure = { key: run.meta.key, text: error.message }; this.show(this.viewer.run); },
    );
  }

  show(run) {
    const { underWay } = this;
    const offer = window.ddptLoss && window.ddptLoss.offer;
    const failed = !run.loss && !underWay && this.failure && this.failure.key === run.meta.key;
    const asks = !run.loss && !underWay && offer && offer.examples > 0;
    this.button.hidden = !asks;
    this.bar.hidden = this.stop.hidden = Boolean(run.loss) || !underWay;
    this.words.classList.toggle("failed", Boolean(failed));
    this.words.setAttribute("aria-live", underWay ? "off" : "polite");
    if (underWay) this.bar.value = underWay.share;
    if (asks) {
      const seconds = offer.seconds * Math.min(offer.steps, run.steps + 1);
      write(this.button, "measure the loss (about " + Math.ceil(seconds) + " s)");
    }
    write(this.words, failed ? this.failure.text : this.text(run, offer));
  }

  text(run, offer) {
    const { underWay } = this;
    if (run.loss) {
      const { examples, source, rows } = run.loss;
      return "Mean per token over the references of " + examples + " examples, " + source + "; measured at " +
        rows.length + " steps, each with its estimate of the end point.";
    }
    if (underWay) return (underWay.key === run.meta.key ? "" : "Another run: ") + underWay.text;
    if (!offer || !offer.examples) return "It was not measured for this run, and there are no examples here to measure it on.";
    return "on " + offer.examples + " examples, at " + Math.min(offer.steps, run.steps + 1) + " steps; it is kept once measured";
  }
}
