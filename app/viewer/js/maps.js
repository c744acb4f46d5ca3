// Which projection is shown, and the form in which UMAP's parameters are set before it starts.

class Maps {
  constructor(root, viewer, ask) {
    this.viewer = viewer;
    this.ask = ask; // asks the server for a map: ({name, second, seed, n_neighbors, min_dist})
    this.form = root.querySelector(".umap-form");
    this.button = root.querySelector("[data-method=umap]");
    this.wanted = false; // the map that was asked for is shown when it comes
    root.querySelector("[data-method=pca]").addEventListener("click", () => this.pca());
    this.button.addEventListener("click", () => this.umap());
    this.form.querySelector(".put-away").addEventListener("click", () => this.putAway(true));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.fit();
    });
    this.form.addEventListener("keydown", (event) => event.key === "Escape" && this.putAway(true));
    viewer.keys.add("Picture", "p", "PCA", () => this.pca());
    viewer.keys.add("Picture", "u", "UMAP", () => this.umap());
  }

  pca() {
    this.wanted = false;
    this.putAway();
    this.viewer.show({ method: "pca" });
  }

  /** Shows the map that there is; the form, if there is none or it is shown already. */
  umap() {
    const { run, view } = this.viewer;
    if (!run) return;
    if (this.fits() && view.method !== "umap") return this.viewer.show({ method: "umap" });
    this.form.hidden = !this.form.hidden;
    this.button.setAttribute("aria-expanded", String(!this.form.hidden));
    if (!this.form.hidden) this.form.querySelector("input").focus();
  }

  /** Whether there is a map of the runs that are open. */
  fits() {
    const { run, second } = this.viewer;
    const map = run.meta.files.umap && run.meta.quality.umap;
    return Boolean(map) && (map.second || "") === (second.run ? second.run.meta.name : "");
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
    const { run, second } = this.viewer;
    this.wanted = true;
    this.putAway();
    this.viewer.say("UMAP: waiting for its turn…");
    this.ask({ name: run.meta.name, second: second.run ? second.run.meta.name : "", ...this.settings() });
  }

  /** Takes in a map that the server made. */
  made(meta) {
    const { viewer } = this;
    viewer.say("");
    viewer.run.take("umap", meta);
    if (this.wanted) viewer.show({ method: "umap" });
    this.wanted = false;
  }
}
