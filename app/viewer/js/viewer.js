// The viewer: holds what is shown, draws it, and lets `window.ddptViewer` and the page drive it.
//
// A panel is an object with up to three methods: build(run) for a run that was opened, redraw(run, view, palette) when
// anything but time has changed (theme, size, kind of vector, projection, choice), step(run, view) at every step.

class Viewer {
  constructor(root) {
    this.root = root;
    const find = (selector) => root.querySelector(selector);
    this.plot = find(".plot");
    this.veil = find(".veil");
    this.tip = find(".tip");
    this.field = new Field(find(".field-layer"));
    this.paths = new Paths(find(".past-layer"), find(".path-layer"));
    this.second = new Second(root);
    this.camera = new Camera();
    this.time = new TimeScale();
    this.keys = new Keys(root);
    this.view = {
      step: 0, playing: false, kind: "state", method: "pca", axes: [0, 1],
      chosen: -1, // position
      token: -1, // id
      found: [], // ids that were searched for or drawn around
      hidden: new Set(), // kinds of token that are put away
    };
    this.intro = new Intro(find(".caption"));
    this.timeline = new Timeline(root, this);
    this.panels = [
      this.timeline,
      new Legend(find(".legend"), (kind) => this.toggleKind(kind)),
      new Table(root, this),
      new Strip(root, this),
      new Curves(root, this),
      new Inspect(root, this),
      this.intro,
    ];
    new Hand(this.plot, {
      pan: (dx, dy) => { this.camera.pan(dx, dy); this.later(); },
      zoom: (x, y, factor) => { this.camera.zoomAt(x, y, factor); this.later(); },
      hover: (x, y) => this.hover(x, y),
      leave: () => this.hover(-99, -99),
      press: (x, y) => this.choose(this.paths.headAt(x, y)),
      reset: () => this.reset(),
    });
    this.listen(find);
    this.startOver();
  }

  listen(find) {
    const middle = (factor) => { this.camera.zoomAt(this.camera.width / 2, this.camera.height / 2, factor); this.later(); };
    find(".zoom-in").addEventListener("click", () => middle(1.6));
    find(".zoom-out").addEventListener("click", () => middle(1 / 1.6));
    find(".zoom-reset").addEventListener("click", () => this.reset());
    find(".replay").addEventListener("click", () => this.tour());
    find(".pick-axes").addEventListener("change", (event) => {
      this.view.axes = event.target.value.split(",").map(Number);
      this.reset();
    });
    find(".find-token").addEventListener("input", (event) => this.find(event.target.value));
    find(".save-table").addEventListener("click", () => this.run && saveTable(this.run, this.view));
    find(".save-picture").addEventListener("click", () => {
      if (!this.run) return;
      savePicture(this.run, this.view, this.root.querySelectorAll(".layer"), this.palette, mapWords(this.run, this.view));
    });
    for (const button of this.root.querySelectorAll("[data-kind]")) {
      button.addEventListener("click", () => this.show({ kind: button.dataset.kind }));
    }
    new ResizeObserver(() => this.resized()).observe(this.plot);
    new MutationObserver(() => { this.palette = null; this.redraw(); }).observe(document.body, { attributeFilter: ["class"] });
  }

  /** From now on `ready` waits for the next run. */
  startOver() {
    this.ready = new Promise((resolve) => { this.isReady = resolve; });
  }

  /** Opens a run; `step` is where to begin: -1 for its end, null for the tour, or the end if that was seen. */
  async open(meta, step) {
    if (this.run) this.startOver();
    this.rest();
    this.veilWith("Loading " + meta.label + "…", "loading");
    let run;
    try {
      run = await Run.open(meta);
    } catch (error) {
      return this.veilWith(error.message, "failed");
    }
    const sameMap = this.run && this.run.meta.files.tokens === meta.files.tokens;
    this.run = run;
    if (!sameMap) this.view.hidden = new Set();
    Object.assign(this.view, { kind: "state", method: "pca", chosen: -1, token: -1, found: [], step: run.steps });
    this.time.steps = run.steps;
    this.root.dataset.state = "ready";
    this.veil.hidden = true;
    for (const panel of this.panels) if (panel.build) panel.build(run);
    if (step !== null && step >= 0) this.view.step = this.clamp(step);
    this.pressed();
    this.resized();
    this.reset();
    if (step === null && !this.intro.seen && !matchMedia("(prefers-reduced-motion: reduce)").matches) this.tour();
    this.isReady(this);
  }

  veilWith(text, state) {
    this.veil.textContent = text;
    this.veil.hidden = false;
    this.root.dataset.state = this.run && state === "loading" ? "ready" : state;
  }

  /** Shows a second run over the first; null takes it away. Rejects with a sentence. */
  async beside(meta) {
    await this.second.open(meta, this.run);
    this.reset();
  }

  /** The run that was open before is on the screen again. */
  unveil() {
    this.veil.hidden = true;
    this.root.dataset.state = "ready";
  }

  clamp(step) { return Math.max(0, Math.min(this.run.steps, Math.round(step))); }

  /** Goes to a step because somebody asked for it: play and captions end. */
  go(step) {
    if (!this.run) return;
    this.rest();
    this.view.step = this.clamp(step);
    this.drawStep();
  }

  play() {
    if (!this.run) return;
    if (this.view.step >= this.run.steps) this.view.step = 0;
    this.view.playing = true;
    let place = this.view.step;
    let before = performance.now();
    const frame = (now) => {
      if (!this.view.playing) return;
      place += (Math.min(200, now - before) / 1000) * this.timeline.rate(this.run);
      before = now;
      const step = this.clamp(Math.floor(place));
      if (step >= this.run.steps) this.view.playing = false;
      if (step !== this.view.step || !this.view.playing) {
        this.view.step = step;
        this.drawStep();
      }
      if (this.view.playing) requestAnimationFrame(frame);
    };
    this.drawStep();
    requestAnimationFrame(frame);
  }

  rest() {
    const wasPlaying = this.view.playing;
    this.view.playing = false;
    this.intro.stop();
    if (wasPlaying && this.run) this.drawStep();
  }

  tour() {
    if (!this.run) return;
    this.rest();
    this.intro.start(this.run, this.view.kind);
    this.view.step = 0;
    this.play();
  }

  /** Shows other vectors or another projection, fetching what is missing first. */
  async show(change) {
    const run = this.run;
    if (!run) return;
    const next = { ...this.view, ...change };
    try {
      if (!run.has(next.kind + ".ids")) await run.load("estimate");
      if (!run.has(next.method + ".vocabulary")) await run.load("umap");
    } catch (error) {
      return this.veilWith(error.message, "failed");
    }
    if (run !== this.run) return;
    const moved = next.method !== this.view.method || next.kind !== this.view.kind;
    Object.assign(this.view, change);
    if (run.arrays[this.view.method + ".vocabulary"].shape[1] < 3) this.view.axes = [0, 1];
    this.pressed();
    this.rest();
    if (moved && change.method) this.reset();
    else this.redraw();
  }

  pressed() {
    for (const name of ["kind", "method"]) {
      for (const button of this.root.querySelectorAll("[data-" + name + "]")) {
        button.setAttribute("aria-pressed", String(button.dataset[name] === this.view[name]));
      }
    }
    const axes = this.root.querySelector(".axes");
    axes.hidden = this.run.arrays[this.view.method + ".vocabulary"].shape[1] < 3;
    axes.querySelector("select").value = this.view.axes.join(",");
    this.root.querySelector(".key-tuned").hidden = !this.run.has(this.view.method + ".tuned");
    write(this.root.querySelector(".explain-kind"), EXPLAIN[this.view.kind]);
    write(this.root.querySelector(".explain-map"), mapWords(this.run, this.view));
  }

  choose(position) {
    this.view.chosen = position === this.view.chosen ? -1 : position;
    this.drawPanels();
    this.drawStep();
  }

  toggleKind(kind) {
    if (!this.view.hidden.delete(kind)) this.view.hidden.add(kind);
    this.redraw();
  }

  find(text) {
    const run = this.run;
    if (!run) return;
    const { tokens } = run;
    const wanted = text.replace(/␣/g, " ").replace(/↵/g, "\n").replace(/⇥/g, "\t");
    const ids = wanted ? tokens.map((token, id) => id).filter((id) => tokens[id].includes(wanted)) : [];
    const exact = ids.filter((id) => tokens[id].trim() === wanted.trim());
    this.view.found = (exact.length ? exact : ids).slice(0, 200);
    const count = exact.length || ids.length;
    const placeless = this.view.found.filter((id) => !run.placed(this.view.method, id)).length;
    const words = count ? thousands.format(count) + " found" + (placeless ? ", " + placeless + " without a place" : "") : "none has this text";
    write(this.root.querySelector(".found"), wanted ? words : "");
    this.drawStep();
  }

  hover(x, y) {
    if (!this.run) return;
    const head = this.paths.headAt(x, y);
    const id = head < 0 ? this.field.at(this.run, this.view, x, y) : this.run.topId(this.view.kind, this.view.step, head);
    this.tip.hidden = id < 0;
    if (id < 0) return;
    const words = [this.run.kindNames[this.run.kinds[id]], "id " + thousands.format(id)];
    if (head >= 0) words.unshift("position " + (head + 1) + ", nearest " + short(this.run.score(this.view.kind, this.view.step, head)));
    this.tip.replaceChildren(chip(this.run, id), make("span", "", words.join(" · ")));
    const left = Math.min(x + 14, this.camera.width - this.tip.offsetWidth - 6);
    this.tip.style.transform = "translate(" + Math.max(4, left) + "px," + Math.max(4, y - 34) + "px)";
  }

  resized() {
    const { clientWidth: width, clientHeight: height } = this.plot;
    if (!width || !height) return; // the tab is not shown
    this.camera.resize(width, height);
    this.redraw();
  }

  reset() {
    const { method, axes } = this.view;
    this.camera.fit(boxOf(this.run, method, axes, [method + ".state", method + ".estimate"]));
    this.pressed();
    this.redraw();
  }

  /** Draws everything at the next frame, however often it is asked. */
  later() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => { this.waiting = 0; this.drawPlot(); });
  }

  redraw() {
    if (!this.run || this.camera.width <= 1) return;
    this.drawPlot();
    this.drawPanels();
    this.drawStep();
  }

  drawPlot() {
    this.palette ||= readPalette(this.root, this.run);
    this.field.draw(this.run, this.view, this.camera, this.palette);
    this.paths.draw(this.run, this.view, this.camera, this.palette, this.field, this.second);
  }

  /** Draws what changes with anything but time. */
  drawPanels() {
    for (const panel of this.panels) if (panel.redraw) panel.redraw(this.run, this.view, this.palette);
  }

  /** Draws what changes with the step: the paths, and every panel, in the same frame. */
  drawStep() {
    if (!this.run || !this.palette) return;
    this.paths.draw(this.run, this.view, this.camera, this.palette, this.field, this.second);
    for (const panel of this.panels) if (panel.step) panel.step(this.run, this.view);
    if (!this.view.playing && this.onRest) this.onRest(this.run, this.view);
  }
}
