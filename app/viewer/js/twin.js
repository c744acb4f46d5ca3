// The picture as a table: where everything that it shows is at the step, in numbers and words.

import { chip } from "./chip.js";
import { placeIn, placeOf, stepPlace } from "./drawn.js";
import { make, short, thousands, three } from "./tokens.js";
import { REST } from "./truths.js";
import { mapWords, wordsOf } from "./words.js";

const TWIN_TOKENS = 200; // rows of tokens that were found
const CAVEAT = "A vector’s nearest token is not its meaning; distances to the end and to the manual context are those of the backbone’s own space.";

export class Twin {
  constructor(root, viewer) {
    this.viewer = viewer;
    this.root = root;
    this.element = root.querySelector(".twin");
    this.button = root.querySelector(".as-table");
    this.button.addEventListener("click", () => this.turn(!this.on));
    viewer.keys.add("Picture", "t", "the picture as a table, or as a picture", () => this.turn(!this.on));
    this.turn(false);
  }

  turn(on) {
    this.on = on;
    this.button.setAttribute("aria-pressed", String(on));
    this.element.hidden = !on;
    this.root.querySelector(".plot").hidden = on;
    if (!on) this.element.replaceChildren();
    else if (this.viewer.run) this.draw(this.viewer.run, this.viewer.view);
  }

  marked(run, view) { this.step(run, view); }

  step(run, view) {
    clearTimeout(this.later);
    if (this.on && !view.playing) this.later = setTimeout(() => this.draw(run, view), REST);
  }

  draw(run, view) {
    if (!this.on || run !== this.viewer.run) return;
    const { scrollTop } = this.element;
    const axes = view.axes.map((axis) => view.method.toUpperCase() + " " + (axis + 1));
    this.element.replaceChildren(
      make("p", "twin-note", "As the picture, at " + wordsOf(run, view.step) + ". " + mapWords(run, view) + " " + CAVEAT),
      this.positions(run, view, axes),
      ...this.marks(run, view, axes),
      ...this.tokens(run, view, axes),
    );
    this.element.scrollTop = scrollTop;
  }

  positions(run, view, axes) {
    const { kind, step } = view;
    const far = (name, position) => {
      const at = kind + "." + name;
      return run.has(at) ? three(run.arrays[at].values[step * run.positions + position]) : "not known";
    };
    const rows = Array.from({ length: run.positions }, (_, position) => [
      String(position + 1), ...placeWords(stepPlace(run, view, step, position)),
      chip(run, run.topId(kind, step, position)), short(run.score(kind, step, position)), far("to_end", position), far("to_manual", position),
    ]);
    const caption = "Positions (" + kind + ") on " + axes.join(" and ") + " at step " + thousands.format(step);
    return table(caption, ["position", ...axes, "nearest token", "similarity", "distance to its end", "to the manual context"], rows);
  }

  /** The marks that do not move with time, and the second run, which does. */
  marks(run, view, axes) {
    const found = [];
    const add = (caption, positions, place, token) => {
      const rows = Array.from({ length: positions }, (_, position) => {
        const id = token(position);
        return [String(position + 1), ...placeWords(place(position)), id < 0 ? "" : chip(run, id)];
      });
      found.push(table(caption, ["position", ...axes, "token"], rows));
    };
    const { kind, method } = view;
    const second = this.viewer.second;
    if (second.isOn(run, view)) {
      const at = second.stepOf(run, view.step);
      const start = at * second.run.positions;
      add("Second run, " + second.run.meta.label + ", at its step " + thousands.format(at), second.run.positions,
        (position) => placeIn(second.pathOf(run, view), view, start + position), (position) => second.run.topId(kind, at, position));
    }
    add("Noise, step 0", run.positions, (position) => stepPlace(run, view, 0, position), (position) => run.topId(kind, 0, position));
    add("End, step " + thousands.format(run.steps), run.positions,
      (position) => stepPlace(run, view, run.steps, position), (position) => run.topId(kind, run.steps, position));
    if (run.has(method + ".manual")) {
      add("Manual context", run.arrays[method + ".manual"].shape[0], (position) => placeOf(run, view, "manual", position), (position) => run.manualId(position));
    }
    if (run.has(method + ".tuned")) {
      const ids = run.has("tuned.ids") ? run.arrays["tuned.ids"].values : [];
      add("Prompt tuning, with the nearest token", run.arrays[method + ".tuned"].shape[0],
        (position) => placeOf(run, view, "tuned", position), (position) => ids[position] ?? -1);
    }
    return found;
  }

  /** The tokens that are selected or found; the other points are counted. */
  tokens(run, view, axes) {
    const ids = [...new Set([view.token, ...view.found])].filter((id) => id >= 0);
    const rows = ids.slice(0, TWIN_TOKENS).map((id) => [
      chip(run, id), String(id), run.kindNames[run.kinds[id]] + (view.hidden.has(run.kinds[id]) ? ", put away" : ""),
      ...placeWords(placeOf(run, view, "vocabulary", id)),
    ]);
    const more = ids.length > TWIN_TOKENS ? "; the first " + TWIN_TOKENS + " of " + thousands.format(ids.length) : "";
    const note = "The vocabulary is drawn as points: " + this.root.querySelector(".legend .total").textContent + ". Find a token to have its place here.";
    const list = ids.length ? [table("Selected and found tokens" + more, ["token", "id", "kind", ...axes], rows)] : [];
    return [...list, make("p", "twin-note", note)];
  }
}

function placeWords(place) { return place.map((value) => (Number.isNaN(value) ? "no place" : three(value).replace("-", "−"))); }

/** Returns a table; a cell is a text or a node, the first of a row names it. */
function table(caption, names, rows) {
  const node = make("table");
  const [head, body, top] = [make("thead"), make("tbody"), make("tr")];
  const cell = (kind, scope, content) => {
    const made = make(kind);
    if (scope) made.scope = scope;
    made.append(content);
    return made;
  };
  top.append(...names.map((name) => cell("th", "col", name)));
  head.append(top);
  for (const row of rows) {
    const line = make("tr");
    line.append(...row.map((content, i) => (i ? cell("td", "", content) : cell("th", "row", content))));
    body.append(line);
  }
  node.append(make("caption", "", caption), head, body);
  return node;
}
