// The help sheet under "?": every key, and what can be done with a pointer.

import { make } from "./tokens.js";

const BY_POINTER = [
  ["drag, wheel, two fingers", "pan and zoom the picture; double click shows everything"],
  ["click a point or a chip", "select that token"],
  ["click a row or a path’s dot", "look at one position"],
  ["click the strip or a curve", "go to that step"],
  ["click a kind in the legend", "put those tokens away"],
];
const KEY_NAMES = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", PageUp: "Page up", PageDown: "Page down", Escape: "Esc" };

export class Help {
  constructor(root, viewer) {
    this.sheet = root.querySelector(".help");
    this.keys = viewer.keys;
    root.querySelector(".open-help").addEventListener("click", () => this.open());
    this.sheet.querySelector(".close").addEventListener("click", () => this.sheet.close());
    this.sheet.addEventListener("click", (event) => event.target === this.sheet && this.sheet.close());
    viewer.keys.add("Help", "?", "this sheet", () => this.open());
  }

  open() {
    const groups = new Map();
    for (const { group, keys, does, shift } of this.keys.list) {
      if (!groups.has(group)) groups.set(group, new Map());
      const rows = groups.get(group);
      const names = keys.map((key) => (shift ? "Shift + " : "") + (KEY_NAMES[key] || key));
      rows.set(does, [...(rows.get(does) || []), ...names]);
    }
    const lists = [...groups].map(([group, rows]) => this.list(group, [...rows].map(([does, names]) => [names, does])));
    const pointer = this.list("Pointer", BY_POINTER.map(([what, does]) => [[what], does]), false);
    this.sheet.querySelector(".help-lists").replaceChildren(...lists, pointer);
    this.sheet.showModal();
  }

  list(title, rows, areKeys = true) {
    const part = make("section");
    const list = make("dl");
    for (const [names, does] of rows) {
      const term = make("dt");
      term.append(...names.map((name) => make(areKeys ? "kbd" : "span", "", name)));
      list.append(term, make("dd", "", does));
    }
    part.append(make("h4", "", title), list);
    return part;
  }
}
