// The viewer: holds what is shown, draws it, and lets `window.ddptViewer` and the page drive it.
//
// A panel is an object with up to three methods: build(run) for a run that was opened, redraw(run, view, palette) when
// anything but time has changed (theme, size, kind of vector, projection, choice), step(run, view) at every step; and
// marked(run, view), also when only the selected token or those that were found have changed.

import { Camera, boxOf } from "./camera.js";
import { CodeNow } from "./code_now.js";
import { CodePath } from "./code_path.js";
import { CodeStrip } from "./code_strip.js";
import { CodeTable } from "./code_table.js";
import { Curves } from "./curves.js";
import { Run } from "./data.js";
import { placeOf } from "./drawn.js";
import { Field } from "./field.js";
import { FoundList } from "./found_list.js";
import { Hand } from "./hand.js";
import { Help } from "./help.js";
import { Hover } from "./hover.js";
import { Inspect } from "./inspect.js";
import { Intro } from "./intro.js";
import { Keys } from "./keys.js";
import { Legend } from "./legend.js";
import { StyleLegend } from "./library_marks.js";
import { readPalette } from "./palette.js";
import { Pane } from "./pane.js";
import { Panels } from "./panels.js";
import { Paths } from "./paths.js";
import { Region } from "./region.js";
import { Film, savePicture, saveSvg, saveTable } from "./save.js";
import { Search } from "./search.js";
import { Second } from "./second.js";
import { Spotlight } from "./spotlight.js";
import { Strip } from "./strip.js";
import { Table } from "./table.js";
import { Ticks } from "./ticks.js";
import { TimeScale } from "./time_scale.js";
import { Timeline } from "./timeline.js";
import { write } from "./tokens.js";
import { Truths } from "./truths.js";
import { Twin } from "./twin.js";
import { EXPLAIN, mapWords, writeExplained } from "./words.js";

const PAN = 80; // pixels that a key moves the picture

export class Viewer {
  /** `ask` has the functions of the server: truth, token_neighbours. */
  constructor(root, ask) {
    this.root = root;
    const find = (selector) => root.querySelector(selector);
    this.plot = find(".plot");
    this.veil = find(".veil");
    this.field = new Field(find(".field-layer"));
    this.paths = new Paths(find(".past-layer"), find(".path-layer"));
    this.spotlight = new Spotlight(find(".spot-layer"));
    this.second = new Second(root);
    this.camera = new Camera();
    this.time = new TimeScale();
    this.keys = new Keys(root);
    this.view = {
      step: 0, playing: false, kind: "state", method: "pca", axes: [0, 1],
      chosen: -1, // position
      token: -1, // id
      found: [], // ids that were searched for or drawn around
      foundBy: "", // how, in words
      hidden: new Set(), // kinds of token that are put away
      hiddenStyles: new Set(), // places of the library's styles that are put away
    };
    this.intro = new Intro(find(".caption"));
    this.timeline = new Timeline(root, this);
    this.truths = new Truths(ask);
    this.pane = new Pane(root);
    this.search = new Search(root, this);
    this.region = new Region(root, this);
    this.hover = new Hover(find(".tip"), this);
    this.codes = new CodePath(this, () => this.rewrite());
    this.codePanels = [new CodeNow(root, this, this.codes), new CodeStrip(root, this, this.codes), new CodeTable(root, this, this.codes)];
    this.panels = [
      new Panels(root),
      this.codes,
      ...this.codePanels,
      this.timeline,
      new Ticks(root, this),
      new Legend(find(".legend"), this),
      new StyleLegend(find(".style-legend"), this),
      new Table(root, this),
      this.search,
      this.hover,
      new Strip(root, this),
      new Curves(root, this),
      new Inspect(root, this),
      new FoundList(this),
      new Twin(root, this),
      this.intro,
    ];
    new Hand(this.plot, {
      pan: (dx, dy) => { this.camera.pan(dx, dy); this.later(); },
      zoom: (x, y, factor) => { this.camera.zoomAt(x, y, factor); this.later(); },
      hover: (x, y) => this.hover.at(x, y),
      leave: () => this.hover.leave(),
      press: (x, y) => this.press(x, y),
      reset: () => this.reset(),
      draws: (event) => this.region.draws(event),
      line: (points) => this.region.line(points),
      drawn: (points) => this.region.drawn(points),
    });
    this.listen(find);
    this.startOver();
  }

  listen(find) {
    const middle = (factor) => { this.camera.zoomAt(this.camera.width / 2, this.camera.height / 2, factor); this.later(); };
    find(".zoom-in").addEventListener("click", () => middle(1.6));
    find(".zoom-out").addEventListener("click", () => middle(1 / 1.6));
    find(".zoom-reset").addEventListener("click", () => this.reset());
    const add = (...entry) => this.keys.add("Picture", ...entry);
    add(["+", "="], "zoom in", () => middle(1.6));
    add("-", "zoom out", () => middle(1 / 1.6));
    add("0", "show everything", () => this.reset());
    for (const [key, where, dx, dy] of [["w", "up", 0, 1], ["a", "left", 1, 0], ["s", "down", 0, -1], ["d", "right", -1, 0]]) {
      add(key, "move the picture " + where, () => { this.camera.pan(PAN * dx, PAN * dy); this.later(); });
    }
    add("e", "state or estimate", () => this.show({ kind: this.view.kind === "state" ? "estimate" : "state" }));
    find(".replay").addEventListener("click", () => this.tour());
    find(".pick-axes").addEventListener("change", (event) => {
      this.view.axes = event.target.value.split(",").map(Number);
      this.reset();
    });
    const saves = { ".save-table": saveTable, ".save-picture": savePicture, ".save-svg": saveSvg };
    for (const [name, save] of Object.entries(saves)) find(name).addEventListener("click", () => this.run && save(this));
    new Film(this, find(".save-film"));
    new Help(this.root, this);
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
      return this.failed(error, () => this.open(meta, step));
    }
    const sameMap = this.run && this.run.meta.files.tokens === meta.files.tokens;
    this.run = run;
    if (!sameMap) this.view.hidden = new Set();
    Object.assign(this.view, { axes: [0, 1], kind: "state", method: "pca", chosen: -1, token: -1, found: [], foundBy: "", step: run.steps });
    this.time.of(run);
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

  /** Shows other code along the same path. */
  rewrite() {
    if (!this.run || !this.palette) return;
    for (const panel of this.codePanels) {
      panel.redraw(this.run, this.view);
      if (panel.step) panel.step(this.run, this.view);
    }
    this.intro.learn(this.run);
  }

  /** Says why something cannot be shown; it is tried again when a server that was away is back. */
  failed(error, again) {
    this.veilWith(error.message, "failed");
    window.addEventListener("server-back", again, { once: true });
  }

  veilWith(text, state) {
    this.veil.textContent = text;
    this.veil.hidden = false;
    this.root.dataset.state = this.run && state === "loading" ? "ready" : state;
  }

  /** Says in a line above the picture what is going on, or what went wrong. */
  say(text) { write(this.root.querySelector(".busy"), text); }

  /** Shows a second run over the first; null takes it away. Rejects with a sentence. */
  async beside(meta) {
    await this.second.open(meta);
    await this.second.ready(this.run, this.view.method);
    if (meta && !this.second.isOn(this.run, this.view)) await this.show({ method: "pca" }); // the map that holds every run
    else this.reset();
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
      const seconds = Math.max(0, Math.min(200, now - before)) / 1000; // a frame can begin before it was asked for
      place = this.time.onward(place, seconds * this.timeline.rate(this.run));
      before = now;
      const step = this.clamp(Math.floor(place + 1e-6));
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
    this.stretch("linear");
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
      if (!run.has(next.method + ".vocabulary")) await run.load(next.method);
      await this.second.ready(run, next.method);
    } catch (error) {
      return this.failed(error, () => this.show(change));
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

  /** Shows another of the kinds of time, see TIMES; every panel draws its axis anew. */
  stretch(kind) {
    this.time.kind = kind;
    this.redraw();
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
    writeExplained(this.root.querySelector(".explain-map"), mapWords(this.run, this.view), "trustworthiness");
  }

  choose(position) {
    this.view.chosen = position === this.view.chosen ? -1 : position;
    this.drawPanels();
    this.drawStep();
  }

  /** Puts kinds of token away, all others are shown. */
  hide(kinds) {
    this.view.hidden = kinds;
    this.redraw();
  }

  /** Chooses the position, or selects the token, that lies under a point of the picture; lets go of both elsewhere. */
  press(x, y) {
    if (!this.run) return;
    const head = this.paths.headAt(x, y);
    if (head >= 0) return this.choose(head);
    const id = this.field.at(this.run, this.view, x, y);
    if (id < 0) this.choose(-1);
    this.select(id === this.view.token ? -1 : id);
  }

  /** Selects a token and brings it into the picture; -1 selects none. */
  select(id) {
    if (!this.run || id === this.view.token) return;
    this.view.token = id;
    const [x, y] = id < 0 ? [NaN, NaN] : placeOf(this.run, this.view, "vocabulary", id);
    if (!Number.isNaN(x) && this.camera.centre(x, y)) this.drawPlot();
    this.marked();
  }

  /** Marks tokens as found; `by` says how, in words. */
  mark(ids, by) {
    Object.assign(this.view, { found: ids, foundBy: by });
    this.marked();
  }

  marked() {
    if (!this.run || !this.palette) return;
    this.spotlight.draw(this.run, this.view, this.camera, this.palette, this.field);
    for (const panel of this.panels) if (panel.marked) panel.marked(this.run, this.view);
    if (!this.view.playing && this.onRest) this.onRest(this.run, this.view);
  }

  /** Lets go of one thing: the tool that draws around tokens, the selected token, those that were found, the position. */
  letGo() {
    if (this.region.on) this.region.turn(false);
    else if (this.view.token >= 0) this.select(-1);
    else if (this.view.foundBy) this.search.clear();
    else if (this.view.chosen >= 0) this.choose(-1);
  }

  resized() {
    const { clientWidth: width, clientHeight: height } = this.plot;
    if (!width || !height) return; // the tab is not shown
    this.camera.resize(width, height);
    this.redraw();
  }

  reset() {
    const { method, axes } = this.view;
    const own = ["state", "estimate", "manual", "tuned", "library"].map((name) => this.run.arrays[method + "." + name]);
    const second = ["state", "estimate"].map((kind) => this.second.pathOf(this.run, { method, kind }));
    this.camera.fit(boxOf(this.run, method, axes, [...own, ...second].filter(Boolean)));
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
    this.paths.draw(this.run, this.view, this.camera, this.palette, this.second);
    this.spotlight.draw(this.run, this.view, this.camera, this.palette, this.field);
  }

  /** Draws what changes with anything but time. */
  drawPanels() {
    if (!this.plot.clientWidth) return; // the tab is not shown; `resized` draws once it is
    for (const panel of this.panels) if (panel.redraw) panel.redraw(this.run, this.view, this.palette);
    for (const panel of this.panels) if (panel.marked) panel.marked(this.run, this.view);
  }

  /** Draws what changes with the step: the paths, and every panel, in the same frame. */
  drawStep() {
    if (!this.run || !this.palette) return;
    this.paths.draw(this.run, this.view, this.camera, this.palette, this.second);
    for (const panel of this.panels) if (panel.step) panel.step(this.run, this.view);
    if (!this.view.playing && this.onRest) this.onRest(this.run, this.view);
  }
}
