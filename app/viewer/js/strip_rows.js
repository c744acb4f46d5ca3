// The rows of the lock-in strip by name: position and token of the manual context. A list from which a row is chosen.

import { chip } from "./chip.js";
import { make, showBlanks, thousands } from "./tokens.js";

export class StripRows {
  constructor(list, viewer) {
    this.list = list;
    this.viewer = viewer;
    this.items = [];
    list.addEventListener("click", (event) => {
      const position = this.items.findIndex(({ item }) => item.contains(event.target));
      if (position >= 0) viewer.choose(position);
    });
    list.addEventListener("keydown", (event) => this.pressed(event));
  }

  build(run) {
    this.items = Array.from({ length: run.positions }, (_, position) => {
      const item = make("li");
      item.id = "strip-row-" + position;
      item.setAttribute("role", "option");
      item.append(make("span", "number", String(position + 1)));
      const manual = run.manualId(position);
      if (manual >= 0) item.append(chip(run, manual, "manual"));
      return { item, manual };
    });
    this.list.replaceChildren(...this.items.map(({ item }) => item));
  }

  redraw(run, view) {
    const locks = run.lockedAt(view.kind);
    this.items.forEach(({ item, manual }, position) => {
      const written = manual >= 0 ? ", manual context " + showBlanks(run.tokens[manual]) : "";
      const kept = showBlanks(run.tokens[run.topId(view.kind, run.steps, position)]);
      item.setAttribute("aria-selected", String(position === view.chosen));
      item.setAttribute(
        "aria-label",
        "position " + (position + 1) + written + ", keeps " + kept + " from step " + thousands.format(locks[position]),
      );
    });
    if (view.chosen < 0) this.list.removeAttribute("aria-activedescendant");
    else this.list.setAttribute("aria-activedescendant", this.items[view.chosen].item.id);
  }

  /** Up and down choose a position, Enter lets go of it or takes it back; every other key is the viewer's. */
  pressed(event) {
    const { chosen } = this.viewer.view;
    const last = this.items.length - 1;
    const asked = { ArrowUp: chosen < 0 ? last : chosen - 1, ArrowDown: chosen + 1, Enter: chosen < 0 ? this.latest || 0 : chosen }[event.key];
    if (asked === undefined || event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.latest = Math.min(last, Math.max(0, asked));
    if (this.latest !== chosen || event.key === "Enter") this.viewer.choose(this.latest);
  }
}
