// What the lock-in strip is drawn from: of every position and step the nearest token and how similar it is, read once.

import { viridis } from "./tokens.js";

/**
 * Returns the cells of one kind of vector: `shades`, 0 to 255 along the range of similarities, position by position with
 * S + 1 steps each; `stretches`, for every position the runs of steps {from, to, id} that have one nearest token.
 */
export function stripCells(run, kind) {
  const ids = run.arrays[kind + ".ids"].values;
  const scores = run.arrays[kind + ".scores"].values;
  const [low, high] = run.arrays[kind + ".range"].values;
  const scale = high > low ? 256 / (high - low) : 0; // shades to a similarity
  const length = run.steps + 1;
  const shades = new Uint8Array(run.positions * length);
  const stretches = Array.from({ length: run.positions }, (_, position) => {
    const found = [];
    let last = { id: -1 };
    for (let step = 0; step < length; step += 1) {
      const i = (step * run.positions + position) * run.neighbours;
      shades[position * length + step] = Math.min(255, Math.max(0, Math.floor((scores[i] - low) * scale)));
      if (last.id === ids[i]) last.to = step;
      else found.push((last = { from: step, to: step, id: ids[i] }));
    }
    return found;
  });
  return { shades, stretches };
}

const SHADES = Array.from({ length: 256 }, (_, shade) => viridis(shade / 255));
/** The shades as the bytes red, green, blue, alpha of a little-endian number, and the ink that reads best on each. */
export const SHADE_BYTES = Uint32Array.from(SHADES, ([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0);
export const SHADE_INKS = SHADES.map(inkOn);

/** Returns black or white, whichever reads better on a colour: at least 4.58 to 1 on any (WCAG 2.2, relative luminance). */
function inkOn(colour) {
  const [red, green, blue] = colour.map((byte) => (byte <= 10 ? byte / 3294.6 : ((byte / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}
