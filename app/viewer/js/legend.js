// The kinds of token in the picture, with an honest count of what is shown; each kind can be put away.

import { kindColour } from "./chip.js";
import { make, thousands, write } from "./tokens.js";

export class Legend {
  constructor(element, viewer) {
    this.element = element;
    this.viewer = viewer;
    this.total = make("span", "total");
  }

  build(run) {
    this.kinds = run.kindNames.map((name, kind) => {
      const button = make("button", "kind");
      button.type = "button";
      button.title = "Double click, Alt + click or Shift + Enter: only " + name;
      const mark = make("i");
      mark.style.setProperty("--colour", kindColour(run, kind));
      const count = make("span", "count");
      button.append(mark, make("span", "", name), count);
      button.addEventListener("click", (event) => (event.altKey || event.shiftKey ? this.only(kind) : this.toggle(kind)));
      button.addEventListener("dblclick", () => this.only(kind));
      return { button, count };
    });
    const all = this.choice("all", "Show every kind of token", () => this.viewer.hide(new Set()));
    const none = this.choice("none", "Put every kind of token away", () => this.viewer.hide(new Set(run.kindNames.keys())));
    this.element.replaceChildren(...this.kinds.map(({ button }) => button), all, none, this.total);
  }

  choice(name, title, choose) {
    const button = make("button", "kind some", name);
    button.type = "button";
    button.title = title;
    button.addEventListener("click", choose);
    return button;
  }

  toggle(kind) {
    const hidden = new Set(this.viewer.view.hidden);
    if (!hidden.delete(kind)) hidden.add(kind);
    this.viewer.hide(hidden);
  }

  /** Shows one kind alone; a second time shows all again. */
  only(kind) {
    const others = [...this.viewer.run.kindNames.keys()].filter((other) => other !== kind);
    const { hidden } = this.viewer.view;
    const alone = !hidden.has(kind) && others.every((other) => hidden.has(other));
    this.viewer.hide(new Set(alone ? [] : others));
  }

  redraw(run, view) {
    const counts = new Array(run.kindNames.length).fill(0);
    run.kinds.forEach((kind, id) => { if (run.placed(view.method, id)) counts[kind] += 1; });
    const placed = counts.reduce((sum, count) => sum + count, 0);
    this.kinds.forEach(({ button, count }, kind) => {
      button.hidden = !counts[kind];
      button.setAttribute("aria-pressed", String(!view.hidden.has(kind)));
      write(count, thousands.format(counts[kind]));
    });
    const shown = counts.reduce((sum, count, kind) => sum + (view.hidden.has(kind) ? 0 : count), 0);
    const all = run.tokens.length;
    const rest = placed < all ? "; " + thousands.format(all - placed) + " have no place on this map" : "";
    write(this.total, thousands.format(shown) + " of " + thousands.format(all) + " tokens shown" + rest);
  }
}
