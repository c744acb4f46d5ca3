// What is on the screen, in words.

const EXPLAIN = {
  state: "State: the vectors that the reverse diffusion moves, in the backbone’s space.",
  estimate: "Estimate: the context that the backbone would be given if the process stopped here.",
};

/** Where in time a step is. */
function wordsOf(run, step) {
  return (
    "step " + thousands.format(step) + " of " + thousands.format(run.steps) +
    " · timestep " + thousands.format(run.timestep(step)) +
    " · noise " + (run.noise(step) * 100).toFixed(1) + " %"
  );
}

/** What the projection keeps. */
function mapWords(run, { method, axes }) {
  const quality = run.meta.quality[method];
  const trust = quality.trust === null ? "" : " (trustworthiness " + quality.trust.toFixed(3) + ")";
  if (method === "umap") {
    const settings = [["neighbours", quality.n_neighbors], ["least distance", quality.min_dist], ["seed", quality.seed]];
    return (
      "UMAP keeps neighbourhoods, not distances: " + thousands.format(quality.tokens) + " tokens and " +
      thousands.format(quality.steps) + " steps of each path fitted, straight lines between (" +
      settings.map(([name, value]) => name + " " + value).join(", ") + ")" + trust + "."
    );
  }
  const share = axes.reduce((sum, axis) => sum + quality.explained[axis], 0);
  return (
    "PCA: axes " + axes.map((axis) => axis + 1).join(" and ") + " hold " + three(share * 100) +
    " % of the variance of tokens and paths" + trust + "."
  );
}
