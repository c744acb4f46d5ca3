// The prompts that a distribution learned from: a mark for each, coloured by style, where its training ended.

import { make } from "./tokens.js";

const SIZE = 2.6; // pixels, half of a mark

/** Draws the marks of the styles that are shown: those of every position faintly, those of a chosen one well. */
export function drawLibrary(context, run, view, camera) {
  const { library } = run.meta;
  const places = run.arrays[view.method + ".library"];
  if (!library || !places) return;
  const { values, shape: [count, width] } = places;
  const positions = count / library.labels.length;
  context.globalAlpha = view.chosen < 0 ? 0.5 : 0.95;
  library.styles.forEach(({ colour }, style) => {
    if (view.hiddenStyles.has(style)) return;
    context.fillStyle = colour;
    context.beginPath();
    library.labels.forEach((label, prompt) => {
      for (let position = 0; label === style && position < positions; position += 1) {
        if (view.chosen >= 0 && view.chosen !== position) continue;
        const i = (prompt * positions + position) * width;
        const [x, y] = [camera.screenX(values[i + view.axes[0]]), camera.screenY(values[i + view.axes[1]])];
        const size = view.chosen < 0 ? SIZE : 1.6 * SIZE;
        context.moveTo(x, y - size);
        for (const [dx, dy] of [[size, 0], [0, size], [-size, 0], [0, -size]]) context.lineTo(x + dx, y + dy);
      }
    });
    context.fill();
  });
  context.globalAlpha = 1;
}

/** The styles of the marks; each can be put away. */
export class StyleLegend {
  constructor(element, viewer) {
    this.element = element;
    this.viewer = viewer;
  }

  build(run) {
    const { library } = run.meta;
    this.viewer.view.hiddenStyles = new Set();
    this.element.hidden = !library;
    this.buttons = (library ? library.styles : []).map(({ label, colour }, style) => {
      const button = make("button", "kind");
      const mark = make("i");
      button.type = "button";
      button.title = "Double click, Alt + click or Shift + Enter: only " + label;
      mark.style.setProperty("--colour", colour);
      button.append(mark, make("span", "", label));
      button.addEventListener("click", (event) => (event.altKey || event.shiftKey ? this.only(style) : this.toggle(style)));
      button.addEventListener("dblclick", () => this.only(style));
      return button;
    });
    this.words = make("span", "total");
    this.element.replaceChildren(make("span", "total", "library ◆"), ...this.buttons, this.words);
  }

  toggle(style) {
    const hidden = new Set(this.viewer.view.hiddenStyles);
    if (!hidden.delete(style)) hidden.add(style);
    this.hide(hidden);
  }

  /** Shows one style alone; a second time shows all again. */
  only(style) {
    const others = [...this.buttons.keys()].filter((other) => other !== style);
    const { hiddenStyles: hidden } = this.viewer.view;
    this.hide(new Set(!hidden.has(style) && others.every((other) => hidden.has(other)) ? [] : others));
  }

  hide(styles) {
    this.viewer.view.hiddenStyles = styles;
    this.viewer.redraw();
  }

  redraw(run, view) {
    const { library } = run.meta;
    if (!library) return;
    const placed = run.has(view.method + ".library");
    this.buttons.forEach((button, style) => button.setAttribute("aria-pressed", String(placed && !view.hiddenStyles.has(style))));
    const whole = library.labels.length + " prompts, each where its training ended";
    const of = view.chosen < 0 ? "; choose a position to see its marks alone" : ", at position " + (view.chosen + 1);
    this.words.textContent = placed ? whole + of : "this map was made without the library";
  }
}
