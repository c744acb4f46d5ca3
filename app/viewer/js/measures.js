// What is measured along the path of a run, as numbers: for every position, and their mean.

export const MEASURES = [
  { name: "to_end", title: "distance to the end", unit: "Euclidean", digits: 3 },
  { name: "to_manual", title: "distance to the manual context", unit: "Euclidean", digits: 3 },
  { name: "similarity", title: "similarity of the nearest token", unit: "cosine", digits: 3 },
  { name: "norm", title: "norm", unit: "Euclidean", digits: 3 },
  { name: "loss", title: "loss of the LLM", unit: "nats per token", digits: 4, least: 0.1 }, // a smaller span is drawn flat
];

const LEAST_SHARE = 0.01; // of a number, that an axis spans at least: what hardly changes is drawn flat

/**
 * Returns what is measured of a run: `steps` (n,) that were looked at, `values` (n, P) with a row for each of them, null
 * if there are none by position, their `mean` (n,), and the `range` of all. Returns null if it is not there.
 */
export function measured(run, kind, name) {
  const known = (run.measured ||= {});
  const key = kind + "." + name;
  if (name === "loss") return run.losses[kind] ? (known[key] ||= lossSeries(run.losses[kind])) : null;
  if (!known[key]) {
    const values = name === "similarity" ? similarities(run, kind) : run.has(key) ? run.arrays[key].values : null;
    if (!values) return null;
    const steps = Int32Array.from({ length: run.steps + 1 }, (_, step) => step);
    const mean = Float32Array.from(steps, (step) => {
      let sum = 0;
      for (let position = 0; position < run.positions; position += 1) sum += values[step * run.positions + position];
      return sum / run.positions;
    });
    known[key] = { steps, values, mean, range: rangeOf(values) };
  }
  return known[key];
}

function lossSeries({ rows }) {
  const mean = Float64Array.from(rows, ({ loss }) => loss);
  return { steps: Int32Array.from(rows, ({ step }) => step), values: null, mean, range: rangeOf(mean) };
}

function similarities(run, kind) {
  if (!run.has(kind + ".ids")) return null;
  const values = new Float32Array((run.steps + 1) * run.positions);
  for (let step = 0; step <= run.steps; step += 1) {
    for (let position = 0; position < run.positions; position += 1) {
      values[step * run.positions + position] = run.score(kind, step, position);
    }
  }
  return values;
}

export function rangeOf(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** Returns the place in `steps` of the one nearest to `step`, the earlier of two. */
export function nearestOf(steps, step) {
  if (steps[step] === step) return step; // every step was looked at
  let best = 0;
  for (let i = 1; i < steps.length; i += 1) if (Math.abs(steps[i] - step) < Math.abs(steps[best] - step)) best = i;
  return best;
}

/**
 * Returns an axis [low, middle, high] of round numbers, equally far apart, that holds the range and spans at least
 * `least`, and as `decimals` how many the three have.
 */
export function roundAxis([low, high], least = 0) {
  const span = Math.max(high - low, least, LEAST_SHARE * Math.max(Math.abs(low), Math.abs(high))) || 1;
  const missing = span - (high - low);
  const [from, to] = [low - missing / 2, high + missing / 2];
  for (let power = Math.floor(Math.log10((to - from) / 2)) - 1; ; power += 1) {
    for (const lead of [10, 12, 14, 16, 18, 20, 24, 30, 36, 40, 50, 60, 70, 80, 90]) {
      const grain = (lead / 2) * 10 ** power; // the axis begins at a whole number of these, two of them apart
      const first = Math.floor(from / grain + 1e-6);
      if ((first + 4) * grain < to - 1e-6 * grain) continue;
      const axis = [0, 2, 4].map((i) => (first + i) * grain);
      let decimals = 0;
      while (axis.some((value) => Math.abs(value - Number(value.toFixed(decimals))) > 1e-6 * grain)) decimals += 1;
      return { axis, decimals };
    }
  }
}
