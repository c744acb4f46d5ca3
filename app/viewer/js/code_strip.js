// Below the slider: where along the path the code changes, in the colours of its styles, and where the tests pass.

import { passed, stretchesOf, styleOf, testWords } from "./code_path.js";
import { seekByPointer } from "./slider.js";
import { make, thousands } from "./tokens.js";

const NAME_ROOM = 7; // pixels that a letter of a name takes at most

export class CodeStrip {
  constructor(root, viewer, codes) {
    Object.assign(this, { viewer, codes });
    this.lane = root.querySelector(".code-strip");
    this.name = root.querySelector(".code-strip-name");
    seekByPointer(this.lane, viewer);
  }

  redraw(run, view) {
    const path = this.codes.path(run, view.kind);
    this.lane.hidden = this.name.hidden = !path;
    if (!path) return;
    const width = this.lane.clientWidth;
    this.lane.replaceChildren(...stretchesOf(path.rows).flatMap((stretch) => this.nodes(stretch, width)));
  }

  /** Returns the stretch, and before it the steps between which the code changed somewhere, which is not known. */
  nodes({ from, to, before, row }, width) {
    const { time } = this.viewer;
    const [start, end] = [time.share(Math.max(before, from - 0.5)), time.share(to + 0.5)];
    const style = styleOf(row);
    const node = make("span", "stretch" + (style ? "" : " none"));
    place(node, start, end);
    node.style.setProperty("--style", style ? style.colour : "transparent");
    const room = (end - start) * width - 18;
    const label = style ? style.label : "no style";
    const mark = { true: "✓", false: "✗", null: "" }[passed(row)];
    node.append(make("i", passed(row) ? "good" : "bad", room > -6 ? mark : ""), make("span", "", room > label.length * NAME_ROOM ? label : ""));
    node.title = "step " + thousands.format(from) + (to > from ? " to " + thousands.format(to) : "") + " · " + label + " · " + testWords(row) + "\n" + row.code;
    if (from - before < 2) return [node];
    const gap = make("span", "unknown");
    place(gap, time.share(before + 0.5), start);
    gap.title = "Somewhere between step " + thousands.format(before) + " and " + thousands.format(from) + " the code changes.";
    return [gap, node];
  }
}

function place(node, start, end) {
  node.style.left = 100 * start + "%";
  node.style.width = 100 * Math.max(0, end - start) + "%";
}
