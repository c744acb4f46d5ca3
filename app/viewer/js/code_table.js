// All that was written along the run for one instruction, as a table and as CSV; a row moves the viewer.

import { rowAt, styleOf, testWords } from "./code_path.js";
import { download } from "./save.js";
import { make, thousands, write } from "./tokens.js";

export class CodeTable {
  constructor(root, viewer, codes) {
    Object.assign(this, { viewer, codes, rows: [] });
    this.box = root.querySelector(".code-all");
    [this.summary, this.body] = [this.box.querySelector("summary"), this.box.querySelector("tbody")];
    this.box.querySelector(".save-code").addEventListener("click", () => this.save());
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (row && !String(getSelection())) viewer.go(this.rows.find(({ node }) => node === row).row.step);
    });
  }

  redraw(run, view) {
    const path = this.codes.path(run, view.kind);
    this.box.hidden = !path;
    this.rows = path ? path.rows.map((row) => ({ row, node: this.line(run, row) })) : [];
    this.body.replaceChildren(...this.rows.map(({ node }) => node));
    if (!path) return;
    const different = new Set(path.rows.map(({ code }) => code)).size;
    write(this.summary, "code along the " + view.kind + "s: " + (different === 1 ? "the same" : different + " different codes") + " at " +
      path.rows.length + " steps" + (different === 1 ? "" : "; the final one stands since step " + thousands.format(path.code_since)));
  }

  line(run, row) {
    const node = make("tr");
    const step = make("th");
    step.scope = "row";
    const button = make("button", "quiet", thousands.format(row.step));
    button.type = "button";
    step.append(button);
    const code = make("pre", "", row.code || "(an empty answer)");
    const style = styleOf(row);
    const cells = [make("td", "", (run.noise(row.step) * 100).toFixed(1) + " %"), make("td", "written"), make("td", "", style ? style.label : "no style"), make("td", "", testWords(row))];
    cells[1].append(code);
    node.append(step, ...cells);
    return node;
  }

  step(run, view) {
    if (!this.rows.length) return;
    const row = rowAt(this.rows.map((one) => one.row), view.step);
    for (const one of this.rows) one.node.toggleAttribute("aria-current", one.row === row);
  }

  save() {
    const { run, view } = this.viewer;
    const cell = (text) => '"' + String(text).replaceAll('"', '""') + '"';
    const heads = ["step", "timestep", "noise_level", "style", "tests_passed", "tests", "code", "answer"];
    const lines = this.rows.map(({ row }) => [
      row.step, row.timestep, run.noise(row.step).toPrecision(6), row.style || "",
      row.tests ? row.tests.filter(Boolean).length : "", row.tests ? row.tests.length : "", cell(row.code), cell(row.answer),
    ].join(","));
    const name = ["code-along", run.meta.name, view.kind].join("-").replace(/[^\w.-]+/g, "-");
    download(new Blob([[heads.join(","), ...lines].join("\n") + "\n"], { type: "text/csv" }), name + ".csv");
  }
}
