// The code along a run, for one instruction: of an example it is fetched with the run, otherwise written when it is asked.

import { fetchFile } from "./data.js";

/** What the server offers: {styles: name -> {label, colour}, examples: [{id, instruction}]}. */
function codeOffer() { return (window.ddptCode && window.ddptCode.offer) || { styles: {}, examples: [] }; }

export class CodePath {
  /** `changed` is called whenever there is other code to show, or something else to say of it. */
  constructor(viewer, changed) {
    Object.assign(this, { viewer, changed, instruction: "", picked: false, underWay: null, failure: null });
    this.written = new Map(); // key and instruction -> task, of those that were asked for
    this.onNews = ({ detail }) => this.hear(detail);
    document.addEventListener("ddpt-code", this.onNews);
    document.addEventListener("ddpt-code-offer", () => this.start());
  }

  /** Takes the first example where nothing was chosen, until a run has one that changes on its way. */
  start() {
    if (!this.instruction && codeOffer().examples.length) this.instruction = codeOffer().examples[0].instruction;
    this.changed();
  }

  build(run) {
    const address = run.meta.files.code;
    run.codesReady = address && !run.codes ? fetchFile(address, "json").then(
      (codes) => { run.codes = codes; this.begin(run); this.changed(); },
      (error) => { this.failure = { key: run.meta.key, instruction: this.instruction, text: error.message }; this.changed(); },
    ) : Promise.resolve();
    this.start();
  }

  /** The first example that is shown is one that the run teaches something by. */
  begin(run) {
    if (this.picked) return;
    this.picked = true;
    this.instruction = telling(run.codes).instruction;
  }

  choose(instruction) {
    this.picked = true;
    this.instruction = instruction.trim();
    this.failure = null;
    this.changed();
  }

  /** Returns the instructions that can be chosen: the examples, and those that were written for this run. */
  instructions(run) {
    const own = [...this.written.keys()].filter((name) => name.startsWith(run.meta.key)).map((name) => name.slice(run.meta.key.length));
    const known = (run.codes || codeOffer().examples).map(({ instruction }) => instruction);
    return [...new Set([...known, ...own, this.instruction])].filter(Boolean);
  }

  /** Returns the task that is shown, with what is written of it; undefined for none. */
  task(run) {
    const example = run.codes && run.codes.find(({ instruction }) => instruction === this.instruction);
    return example || this.written.get(run.meta.key + this.instruction);
  }

  /** Returns {rows, code_since, style_since, different} along a kind of vector; undefined where nothing is written. */
  path(run, kind) {
    const task = this.task(run);
    return task && task.paths[kind];
  }

  write() {
    const { run, view: { kind } } = this.viewer;
    const { key } = run.meta;
    this.failure = null;
    this.underWay = { key, instruction: this.instruction, share: 0, text: "Starting…" };
    window.ddptCode.write(key, this.instruction, kind);
    this.changed();
  }

  stop() { window.ddptCode.stop(); }

  hear({ key, instruction, state, share, text, task }) {
    if (!this.viewer.root.isConnected) return document.removeEventListener("ddpt-code", this.onNews);
    this.underWay = state === "busy" ? { key, instruction, share, text } : null;
    this.failure = state === "failed" ? { key, instruction, text } : null;
    if (task) this.written.set(key + instruction, task);
    this.changed();
  }

  /** Whether something is of what is shown: the run and the instruction. */
  isShown(about) { return Boolean(about) && about.key === this.viewer.run.meta.key && about.instruction === this.instruction; }
}

/** Returns the row in force at a step: the last one that was written up to it. */
export function rowAt(rows, step) { return rows.findLast((row) => row.step <= step) || rows[0]; }

/** Returns stretches {from, to, before, row} of one code: `from` and `to` were written, `before` has other code. */
export function stretchesOf(rows) {
  const stretches = [];
  for (const row of rows) {
    if (row.pieces) stretches.push({ from: row.step, to: row.step, before: stretches.length ? stretches.at(-1).to : row.step, row });
    else stretches.at(-1).to = row.step;
  }
  return stretches;
}

export function passed({ tests }) { return tests === null ? null : tests.every(Boolean); }

/** Returns what is said of a row's tests. */
export function testWords({ tests }) {
  if (tests === null || !tests.length) return "no tests";
  return (tests.every(Boolean) ? "✓ " : "✗ ") + tests.filter(Boolean).length + " of " + tests.length + " tests";
}

export function styleOf(row) { return codeOffer().styles[row.style] || null; }

/** Returns the example whose code tells most: it passes at the end or on the way, not before, and has few forms. */
function telling(codes) {
  const score = ({ paths: { state: { rows, different } } }) =>
    (passed(rows.at(-1)) ? 4 : rows.some(passed) ? 3 : 0) + (passed(rows[0]) ? 0 : 2) + (different > 1 ? 2 : 0) +
    (rows[0].style !== rows.at(-1).style ? 2 : 0) - (different > 8 ? 1 : 0);
  return codes.reduce((best, task) => (score(task) > score(best) ? task : best));
}
