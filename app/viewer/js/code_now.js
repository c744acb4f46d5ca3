// The code at the step that is shown, beside the picture: what changed since the last stop, its tests and its style.

import { passed, rowAt, styleOf, testWords } from "./code_path.js";
import { make, thousands, write } from "./tokens.js";

const OWN = "\u0000own"; // the choice of typing an instruction
const MOST_LINES = 7; // for which room is kept, so that nothing below jumps while the step moves

const FORMS = "A function or lambda is called with the request's variables, and a print's value is read: any form can pass.";

export class CodeNow {
  constructor(root, viewer, codes) {
    Object.assign(this, { viewer, codes });
    this.box = root.querySelector(".code-now");
    const find = (name) => this.box.querySelector(name);
    [this.pick, this.form, this.typed] = [find(".pick-task"), find(".own-task"), find(".own-task input")];
    [this.at, this.style, this.tests, this.code, this.words] = [".code-at", ".style-chip", ".tests-chip", "code", ".code-words"].map(find);
    [this.ask, this.go, this.stop, this.bar, this.news] = [".code-ask", ".write-code", ".stop-code", "progress", ".code-news"].map(find);
    this.pick.addEventListener("change", () => {
      if (this.pick.value !== OWN) return codes.choose(this.pick.value);
      this.form.hidden = false;
      this.pick.value = codes.instruction;
      this.typed.focus();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.typed.value.trim()) return;
      codes.choose(this.typed.value);
      this.form.hidden = true;
      if (!codes.path(viewer.run, viewer.view.kind)) codes.write();
    });
    this.typed.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key !== "Escape") return;
      this.form.hidden = true;
      this.pick.focus();
    });
    this.go.addEventListener("click", () => codes.write());
    this.stop.addEventListener("click", () => codes.stop());
  }

  redraw(run, view) {
    this.shown = null;
    const instructions = this.codes.instructions(run);
    this.pick.replaceChildren(...[...instructions, OWN].map((text) => {
      const option = make("option", "", text === OWN ? "type your own…" : text);
      option.value = text;
      option.selected = text === this.codes.instruction;
      return option;
    }));
    this.pick.title = this.codes.instruction;
    const path = this.codes.path(run, view.kind);
    const { underWay, failure } = this.codes;
    const busy = this.codes.isShown(underWay);
    this.box.classList.toggle("bare", !path);
    this.go.hidden = Boolean(path || underWay || !this.codes.instruction || !window.ddptCode);
    this.bar.hidden = this.stop.hidden = !busy;
    if (busy) this.bar.value = underWay.share;
    const failed = this.codes.isShown(failure);
    this.news.classList.toggle("failed", failed);
    const other = underWay && !busy ? "Code is being written for another instruction or run." : "";
    write(this.news, failed ? failure.text : busy ? underWay.text : path ? "" : other || this.offered(view));
    this.ask.hidden = !busy && !failed && Boolean(path);
    const lines = path ? Math.max(...path.rows.map(({ code }) => code.split("\n").length)) : 2;
    this.box.style.setProperty("--lines", Math.min(MOST_LINES, Math.max(2, lines)));
  }

  offered({ kind }) {
    return this.codes.instruction ? "Not written along this run’s " + kind + "s yet: 16 steps, then more where the code changes." : "";
  }

  step(run, view) {
    const path = this.codes.path(run, view.kind);
    if (!path) return this.bare();
    const { rows } = path;
    const row = rowAt(rows, view.step);
    write(this.at, "code at step " + thousands.format(view.step));
    const known = row.step === view.step;
    if (this.shown === row && this.known === known) return;
    Object.assign(this, { shown: row, known });
    const place = rows.indexOf(row);
    const changed = rows.slice(0, place + 1).findLast(({ pieces }) => pieces);
    this.dress(changed);
    this.chips(row);
    write(this.words, wordsOfRow(rows, place, changed, known));
  }

  bare() {
    this.shown = null;
    write(this.at, "code");
    this.code.replaceChildren();
    this.style.hidden = this.tests.hidden = true;
    write(this.words, "");
  }

  dress({ code, pieces }) {
    if (!code) return void this.code.replaceChildren(make("span", "blank", "(an empty answer)"));
    this.code.replaceChildren(...pieces.map(([text, kind, change]) => {
      if (change < 0) return Object.assign(make("span", "lost"), { title: "gone: " + kind });
      return make("span", kind + (change ? " new" : ""), text);
    }));
  }

  chips(row) {
    const style = styleOf(row);
    this.style.hidden = this.tests.hidden = false;
    write(this.style, style ? style.label : "no style");
    this.style.classList.toggle("none", !style);
    this.style.style.setProperty("--style", style ? style.colour : "transparent");
    write(this.tests, testWords(row));
    this.tests.title = (row.detail ? row.detail + "\n" : "") + FORMS;
    this.tests.classList.toggle("good", passed(row) === true);
    this.tests.classList.toggle("bad", passed(row) === false);
  }
}

/** Returns in words how a row came about, and whether what is between it and the next is known. */
function wordsOfRow(rows, place, changed, known) {
  const [row, next] = [rows[place], rows[place + 1]];
  const where = (step) => thousands.format(step);
  if (!known && next && next.pieces) return "written at step " + where(row.step) + "; the next, " + where(next.step) + ", differs";
  const before = rows[rows.indexOf(changed) - 1];
  if (!before) return rows.some(({ pieces }, i) => i && pieces) ? "as at the start" : "the same at every step that was written";
  const [added, gone] = [1, -1].map((sign) => changed.pieces.some((piece) => piece[2] === sign));
  const what = added && gone ? "other" : added ? "more" : "less";
  return "changed at step " + where(changed.step) + ": " + what + " than at step " + where(before.step);
}
