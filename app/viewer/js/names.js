// Names on the vocabulary's points: as many as fit without lying over one another, more of them the closer one looks.

import { showBlanks } from "./tokens.js";

const NAMED_FIRST = ["keyword", "name", "number", "operator", "string"]; // kinds that are named before the others
const LONGEST = 20; // characters
const CELL = 8; // pixels: what is taken is kept by cells of this size
const NAME_GAPS = [130, 44]; // pixels between two names, across and down, as long as everything is shown
const FEW_POINTS = 60; // with so few points on the screen, names only must not touch
const KEY = 34; // pixels at the top that the key of the marks needs
const TOOLS = [46, 190]; // pixels at the right, and down, that the buttons need

const orders = new WeakMap(); // tokens of a run -> their ids, those that are named first before the others
const widths = new Map(); // font and text -> pixels

/** Writes names beside points; `x`, `y` (V,) are where the tokens lie, `seen` how many of them are on the screen. */
export function drawNames(context, run, view, camera, palette, { x, y, seen }) {
  context.font = "11px " + palette.mono;
  context.lineJoin = "round";
  context.lineWidth = 3;
  const loose = seen <= FEW_POINTS ? 0 : 1 / Math.max(1, camera.zoom);
  const room = new Room(camera, [Math.max(4, NAME_GAPS[0] * loose), Math.max(1, NAME_GAPS[1] * loose)]);
  for (const id of orderOf(run)) {
    const left = x[id] + 7;
    const top = y[id] - 7;
    if (!room.free(left, top, CELL, 14) || view.hidden.has(run.kinds[id])) continue; // never free for NaN, which has no place
    const text = nameOf(run.tokens[id]);
    const width = widthOf(context, text);
    if (!room.take(left, top, width, 14)) continue;
    context.globalAlpha = 0.8;
    context.strokeStyle = palette.ground;
    context.strokeText(text, left, y[id] + 4);
    context.globalAlpha = 0.95;
    context.fillStyle = palette.ink;
    context.fillText(text, left, y[id] + 4);
  }
}

/** The picture in cells, each taken or free. */
class Room {
  constructor({ width, height }, apart) {
    this.across = Math.ceil(width / CELL);
    this.down = Math.ceil(height / CELL);
    this.apart = apart;
    this.taken = new Uint8Array(this.across * this.down);
    this.fill(0, 0, width, KEY);
    this.fill(width - TOOLS[0], 0, TOOLS[0], TOOLS[1]);
  }

  /** Whether a box lies within the picture and on nothing that is taken. */
  free(left, top, width, height) {
    const [from, to] = [Math.floor(left / CELL), Math.floor((left + width) / CELL)];
    const [first, last] = [Math.floor(top / CELL), Math.floor((top + height) / CELL)];
    if (!(from >= 0 && first >= 0 && to < this.across && last < this.down)) return false;
    for (let row = first; row <= last; row += 1) {
      for (let column = from; column <= to; column += 1) if (this.taken[row * this.across + column]) return false;
    }
    return true;
  }

  /** Takes a free box and the room around it; returns whether it was free. */
  take(left, top, width, height) {
    if (!this.free(left, top, width, height)) return false;
    const [across, down] = this.apart;
    this.fill(left - across, top - down, width + 2 * across, height + 2 * down);
    return true;
  }

  fill(left, top, width, height) {
    const column = (place) => Math.min(this.across, Math.max(0, place));
    const [from, to] = [column(Math.floor(left / CELL)), column(Math.floor((left + width) / CELL) + 1)];
    const last = Math.min(this.down - 1, Math.floor((top + height) / CELL));
    for (let row = Math.max(0, Math.floor(top / CELL)); row <= last; row += 1) {
      this.taken.fill(1, row * this.across + from, row * this.across + to);
    }
  }
}

/** Returns the ids of the vocabulary as they are named: words of code first, and frequent tokens, which have low ids. */
function orderOf({ tokens, kinds, kindNames }) {
  if (!orders.has(tokens)) {
    const ranks = kindNames.map((name) => (NAMED_FIRST.includes(name) ? NAMED_FIRST.indexOf(name) : NAMED_FIRST.length));
    orders.set(tokens, Array.from(tokens.keys()).sort((one, other) => ranks[kinds[one]] - ranks[kinds[other]] || one - other));
  }
  return orders.get(tokens);
}

function nameOf(token) {
  const characters = Array.from(showBlanks(token));
  return characters.length > LONGEST ? characters.slice(0, LONGEST - 1).join("") + "…" : characters.join("");
}

function widthOf(context, text) {
  const known = context.font + text;
  if (!widths.has(known)) {
    if (widths.size > 5000) widths.clear();
    widths.set(known, context.measureText(text).width);
  }
  return widths.get(known);
}
