// What is on the screen, in words.

import { make, thousands, three } from "./tokens.js";

export const EXPLAIN = {
  state: "State: what the vectors are now.",
  estimate: "Estimate: where the denoiser thinks they will end.",
};

/** Where in time a step is. */
export function wordsOf(run, step) {
  return (
    "step " + thousands.format(step) + " of " + thousands.format(run.steps) +
    " · timestep " + thousands.format(run.timestep(step)) +
    " · noise " + (run.noise(step) * 100).toFixed(1) + " %"
  );
}

/** What the projection keeps. */
export function mapWords(run, { method, axes }) {
  const quality = run.meta.quality[method];
  const trust = quality.trust === null ? "" : " (trustworthiness " + quality.trust.toFixed(3) + ")";
  if (method === "umap") {
    const all = quality.tokens === run.tokens.length ? "all " : "";
    const together = quality.runs > 1 ? " of " + quality.runs + " runs" : "";
    const settings = [["neighbours", quality.n_neighbors], ["least distance", quality.min_dist], ["seed", quality.seed]];
    return (
      "UMAP keeps neighbourhoods, not distances: " + all + thousands.format(quality.tokens) + " tokens and " +
      thousands.format(quality.steps) + " steps of each path" + together + " fitted together, straight lines between (" +
      settings.map(([name, value]) => name + " " + value).join(", ") + ")" + trust + "."
    );
  }
  const share = (shares) => three(100 * axes.reduce((sum, axis) => sum + shares[axis], 0)) + " %";
  const which = "axes " + axes.map((axis) => axis + 1).join(" and ") + " hold ";
  if (method === "own") {
    return "PCA on this run’s own axes: " + which + share(quality.explained) + " of the variance of tokens and paths" + trust + ".";
  }
  return (
    "PCA, the same axes for every run: " + which + share(quality.explained_vocabulary) + " of the variance of the vocabulary and " +
    share(quality.explained_paths) + " of this run’s" + trust + "."
  );
}

/** Writes a text; the word of it that has its meaning in the page's glossary tells it when pointed at or focused. */
export function writeExplained(node, text, word) {
  const [before, ...after] = text.split(word);
  node.replaceChildren(before, ...(after.length ? [explained(word), after.join(word)] : []));
}

/** Returns a word of the page's glossary that tells its meaning; `text` is what is shown. */
function explained(word, text = word) {
  const node = make("dfn", "", text);
  Object.assign(node.dataset, { word });
  node.tabIndex = 0;
  return node;
}
