// What the code of the examples tells of a run, for the captions of the tour. Nothing is said that the data do not hold.

import { passed, styleOf } from "./code_path.js";
import { thousands } from "./tokens.js";

const MOST = 0.75; // of the examples: from here on the style is called decided

/**
 * Returns what was found: at which step the `style` is decided and how many examples have theirs then, how many
 * estimates `knew` the final code at step 0, how many pass at the start and at the end, and the `last` style of most.
 */
function findingsOf(codes) {
  const states = codes.map(({ paths }) => paths.state);
  const since = states.map(({ style_since: step }) => step).sort((a, b) => a - b);
  const decided = since[Math.ceil(MOST * since.length) - 1];
  return {
    examples: codes.length,
    decided,
    keep: since.filter((step) => step <= decided).length,
    knew: codes.filter(({ paths: { estimate: { rows } } }) => rows[0].code === rows.at(-1).code).length,
    passAtStart: states.filter(({ rows }) => passed(rows[0])).length,
    passAtEnd: states.filter(({ rows }) => passed(rows.at(-1))).length,
    last: mostly(states.map(({ rows }) => styleOf(rows.at(-1)))),
  };
}

/** Returns the share of the estimates that write the final code at a step, as "9 of 12". */
function knownBy(codes, step) {
  const known = codes.filter(({ paths: { estimate: { rows } } }) => {
    const last = rows.findLast((row) => row.step <= step);
    return last.code === rows.at(-1).code;
  });
  return known.length + " of " + codes.length;
}

/** Returns the four captions {from, title, text} of a run whose noise gives way at the step `drift`. */
export function chaptersOfCode(run, drift) {
  const found = findingsOf(run.codes);
  const of = (count) => count + " of " + found.examples;
  const where = (step) => thousands.format(step);
  const style = found.last ? ", most often " + found.last.label : "";
  const known = found.knew === found.examples
    ? "The denoiser knew the end at step 0: its estimate already wrote the final code for all " + found.examples + " examples."
    : "The estimate writes the final code for " + knownBy(run.codes, drift) + " examples here, and did so for " + found.knew + " at step 0.";
  const lockIn = Math.min(run.steps - 1, Math.max(drift + 1, found.decided));
  const decided = found.decided === 0
    ? "The style was never open: " + of(found.keep) + " examples have their final style from the noise on" + style + "."
    : "From step " + where(found.decided) + " on, the code of " + of(found.keep) + " examples keeps the style that it ends in" + style + ".";
  return [
    { from: 0, title: "Noise", text: "Every position starts as a random vector. With it as the context, " + of(found.passAtStart) + " examples pass their tests." },
    { from: drift, title: "What it knows already", text: known + " Press e to follow the estimate." },
    { from: lockIn, title: "Style", text: decided },
    { from: run.steps, title: "End", text: "The finished context: " + of(found.passAtEnd) + " examples pass their tests. Drag the time line to go back." },
  ];
}

function mostly(styles) {
  const counts = new Map();
  for (const style of styles) counts.set(style, (counts.get(style) || 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1])[0][0];
}
