// A canvas that draws SVG: as much of the 2D context as the picture uses, so that both pictures come from one drawing.

import { make } from "./tokens.js";

const SVG = "http://www.w3.org/2000/svg";

export class SvgCanvas {
  constructor(width, height) {
    this.picture = document.createElementNS(SVG, "svg");
    for (const [name, value] of Object.entries({ xmlns: SVG, width, height, viewBox: "0 0 " + width + " " + height })) {
      this.picture.setAttribute(name, value);
    }
    this.ruler = make("canvas").getContext("2d");
    Object.assign(this, { globalAlpha: 1, fillStyle: "#000", strokeStyle: "#000", lineWidth: 1, lineJoin: "miter", data: [] });
  }

  getContext() { return this; }
  setTransform() {}
  clearRect() {}
  get font() { return this.ruler.font; }
  set font(font) { this.ruler.font = font; }
  measureText(text) { return this.ruler.measureText(text); }
  beginPath() { this.data = []; }
  moveTo(x, y) { this.data.push("M" + one(x) + " " + one(y)); }
  lineTo(x, y) { this.data.push((this.data.length ? "L" : "M") + one(x) + " " + one(y)); }
  rect(x, y, width, height) { this.data.push("M" + one(x) + " " + one(y) + "h" + one(width) + "v" + one(height) + "h" + one(-width) + "z"); }
  roundRect(x, y, width, height) { this.rect(x, y, width, height); }

  /** A whole circle: the picture has no other arcs. */
  arc(x, y, radius) {
    const half = "a" + one(radius) + " " + one(radius) + " 0 1 0 ";
    this.data.push("M" + one(x - radius) + " " + one(y) + half + one(2 * radius) + " 0" + half + one(-2 * radius) + " 0");
  }

  fill() { this.add("path", { d: this.data.join(""), fill: this.fillStyle, "fill-opacity": one(this.globalAlpha, 3) }); }

  stroke() {
    const looks = { fill: "none", stroke: this.strokeStyle, "stroke-width": this.lineWidth, "stroke-opacity": one(this.globalAlpha, 3) };
    this.add("path", { d: this.data.join(""), "stroke-linejoin": this.lineJoin, ...looks });
  }

  fillRect(x, y, width, height) {
    this.beginPath();
    this.rect(x, y, width, height);
    this.fill();
  }

  strokeRect(x, y, width, height) {
    this.beginPath();
    this.rect(x, y, width, height);
    this.stroke();
  }

  fillText(text, x, y) { this.text(text, x, y, { fill: this.fillStyle, "fill-opacity": one(this.globalAlpha, 3) }); }

  strokeText(text, x, y) {
    const looks = { fill: "none", stroke: this.strokeStyle, "stroke-width": this.lineWidth, "stroke-opacity": one(this.globalAlpha, 3) };
    this.text(text, x, y, { "stroke-linejoin": this.lineJoin, ...looks });
  }

  text(text, x, y, looks) {
    const [, size, family] = this.font.match(/([\d.]+)px\s+(.*)/) || [null, "12", "sans-serif"];
    const node = this.add("text", { x: one(x), y: one(y), ...looks, "font-size": size, "font-family": family });
    node.textContent = text.toWellFormed ? text.toWellFormed() : text;
  }

  /** Adds a shape; a path without any part is left out. */
  add(tag, attributes) {
    if (attributes.d === "") return null; // nothing to draw
    const node = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    this.picture.append(node);
    return node;
  }

  blob() { return new Blob([new XMLSerializer().serializeToString(this.picture)], { type: "image/svg+xml" }); }
}

/** Returns a number with few digits, as short as it can be. */
function one(value, digits = 1) { return Number(value.toFixed(digits)); }
