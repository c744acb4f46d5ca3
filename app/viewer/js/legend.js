// The kinds of token in the picture, with an honest count of what is shown; each kind can be put away.

class Legend {
  constructor(element, onToggle) {
    this.element = element;
    this.onToggle = onToggle;
  }

  redraw(run, view) {
    const counts = new Array(run.kindNames.length).fill(0);
    run.kinds.forEach((kind, id) => { if (run.placed(view.method, id)) counts[kind] += 1; });
    const placed = counts.reduce((sum, count) => sum + count, 0);
    this.element.replaceChildren();
    run.kindNames.forEach((name, kind) => {
      if (!counts[kind]) return;
      const button = make("button", "kind");
      button.type = "button";
      button.setAttribute("aria-pressed", String(!view.hidden.has(kind)));
      const mark = make("i");
      mark.style.setProperty("--colour", "var(--kind-" + name.replace(" ", "-") + ")");
      button.append(mark, make("span", "", name), make("span", "count", thousands.format(counts[kind])));
      button.addEventListener("click", () => this.onToggle(kind));
      this.element.append(button);
    });
    const shown = counts.reduce((sum, count, kind) => sum + (view.hidden.has(kind) ? 0 : count), 0);
    const all = run.tokens.length;
    const words = thousands.format(shown) + " of " + thousands.format(all) + " tokens shown";
    const rest = placed < all ? "; " + thousands.format(all - placed) + " have no place on this map" : "";
    this.element.append(make("span", "total", words + rest));
  }
}
