// Where things are on the map that is shown, how far apart they are drawn, and how that reads beside the truth.

import { ordinal, thousands, three } from "./tokens.js";

/** Returns a place [x, y] of an array of the map: `row` of `.vocabulary`, `.manual`, `.tuned`; NaN where there is none. */
export function placeOf(run, view, mark, row) { return placeIn(run.arrays[view.method + "." + mark], view, row); }

/** Returns the place [x, y] of a row of an array of places. */
export function placeIn({ values, shape }, { axes }, row) {
  const width = shape.at(-1);
  return axes.map((axis) => values[row * width + axis]);
}

/** Returns where a position is at a step. */
export function stepPlace(run, view, step, position) { return placeOf(run, view, view.kind, step * run.positions + position); }

export function apart([ax, ay], [bx, by]) { return Math.hypot(ax - bx, ay - by); }

/** Returns the position that is drawn nearest to a token at the step; the first where the token has no place. */
export function positionBeside(run, view, id) {
  const place = placeOf(run, view, "vocabulary", id);
  let best = 0;
  let least = Infinity;
  for (let position = 0; position < run.positions; position += 1) {
    const distance = apart(place, stepPlace(run, view, view.step, position));
    if (distance < least) [best, least] = [position, distance];
  }
  return best;
}

/** Returns {apart, rank, placed} of a token and a position as drawn; rank 1 is the nearest of all tokens on the map. */
function drawnBetween(run, view, position, id) {
  const here = stepPlace(run, view, view.step, position);
  const distance = apart(here, placeOf(run, view, "vocabulary", id));
  const { values, shape } = run.arrays[view.method + ".vocabulary"];
  const [a, b] = view.axes;
  let [nearer, placed] = [0, 0];
  for (let i = 0; i < shape[0]; i += 1) {
    const other = Math.hypot(values[i * shape[1] + a] - here[0], values[i * shape[1] + b] - here[1]);
    nearer += other < distance; // never for NaN
    placed += other === other;
  }
  return { apart: distance, rank: nearer + 1, placed };
}

/** Returns how far a token is drawn from a position, in words, and its place among the tokens of the map. */
export function drawnWords(run, view, position, id) {
  if (!run.placed(view.method, id)) return "no place on this map";
  const { apart: distance, rank, placed } = drawnBetween(run, view, position, id);
  const among = placed < run.tokens.length ? "of the " + thousands.format(placed) + " on this map" : "token";
  return "drawn " + three(distance) + " apart, the " + ordinal(rank) + " nearest " + among;
}
