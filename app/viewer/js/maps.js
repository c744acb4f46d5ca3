// Which projection is shown: the axes that all runs share, the run's own, or UMAP, whose form sets its parameters.

import { MAP_SETTINGS } from "./address.js";

export class Maps {
  constructor(root, viewer, ask) {
    this.viewer = viewer;
    this.ask = ask; // asks the server for a map: ("umap", {name, second, seed, n_neighbors, min_dist}), ("own_axes", {name, second})
    this.form = root.querySelector(".umap-form");
    this.button = root.querySelector("[data-method=umap]");
    this.wanted = ""; // the map that was asked for, "umap" or "own", is shown when it comes
    this.shipped = this.form.querySelector(".shipped-map");
    this.shipped.addEventListener("click", () => this.showShipped());
    root.querySelector("[data-method=pca]").addEventListener("click", () => this.pca());
    root.querySelector("[data-method=own]").addEventListener("click", () => this.own());
    this.button.addEventListener("click", () => this.umap());
    this.form.querySelector(".put-away").addEventListener("click", () => this.putAway(true));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.fit();
    });
    this.form.addEventListener("keydown", (event) => event.key === "Escape" && this.putAway(true));
    viewer.keys.add("Picture", "p", "PCA", () => this.pca());
    viewer.keys.add("Picture", "o", "PCA on the run’s own axes", () => this.own());
    viewer.keys.add("Picture", "u", "UMAP", () => this.umap());
  }

  pca() {
    this.wanted = "";
    this.putAway();
    this.viewer.show({ method: "pca" });
  }

  /** Shows the run on its own axes, which the server fits when they are first asked for. */
  own() {
    if (!this.viewer.run) return;
    this.putAway();
    if (this.fits("own")) return this.viewer.show({ method: "own" });
    this.wanted = "own";
    this.viewer.say("The run’s own axes: waiting for their turn…");
    this.ask("own_axes", this.names());
  }

  /** Shows the map that there is; the form, if there is none or it is shown already. */
  umap() {
    const { run, view } = this.viewer;
    if (!run) return;
    if (this.fits("umap") && view.method !== "umap") return this.viewer.show({ method: "umap" });
    this.form.hidden = !this.form.hidden;
    this.shipped.hidden = !this.kept() || run.meta.quality.umap === this.kept().quality.umap;
    this.button.setAttribute("aria-expanded", String(!this.form.hidden));
    if (!this.form.hidden) this.form.querySelector("input").focus();
  }

  /** The names of the runs that are open, as the server is asked for a map of them. */
  names() {
    const { run, second } = this.viewer;
    return { name: run.meta.name, second: second.run ? second.run.meta.name : "" };
  }

  /** Whether there is a map of the runs that are open. */
  fits(part) {
    const { run, second } = this.viewer;
    const map = run.meta.files[part] && run.meta.quality[part];
    if (!map || !second.run) return Boolean(map) && !map.second;
    return run.shared(part) ? run.shared(part) === second.run.shared(part) : map.second === second.run.meta.name;
  }

  /** The shared UMAP that came with the run; undefined if there is none. */
  kept() { return this.viewer.run.shippedUmap; }

  showShipped() {
    this.putAway();
    this.viewer.run.take("umap", this.kept());
    this.viewer.show({ method: "umap" }).then(() => this.viewer.reset());
  }

  putAway(focus = false) {
    this.form.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    if (focus) this.button.focus();
  }

  settings() {
    return Object.fromEntries(MAP_SETTINGS.map((name) => [name, this.form.elements[name].valueAsNumber]));
  }

  /** Fits with the form's parameters; `asked` overrides them, as an address may. */
  fit(asked = {}) {
    for (const [name, value] of Object.entries(asked)) this.form.elements[name].value = value;
    if (!this.form.reportValidity()) return;
    this.wanted = "umap";
    this.putAway();
    this.viewer.say("UMAP: waiting for its turn…");
    this.ask("umap", { ...this.names(), ...this.settings() });
  }

  /** Takes in a map that the server made; `part` is "umap" or "own". */
  made(part, meta) {
    const { viewer } = this;
    viewer.say("");
    viewer.run.take(part, meta);
    if (this.wanted === part) viewer.show({ method: part });
    this.wanted = "";
  }

  /** Shows the map that an address asks for. */
  restore({ method, umap }) {
    if (method === "own") this.own();
    else if (method === "umap" && !Object.keys(umap).length && this.fits("umap")) this.viewer.show({ method });
    else if (method === "umap") this.fit(umap);
  }
}
