// What the address says of the screen, so that a link shows somebody else the same: run, step, projection, selection.

import { TIMES } from "./time_scale.js";

export const MAP_SETTINGS = ["seed", "n_neighbors", "min_dist"]; // of UMAP; in the address each has "umap_" before it

/** Returns what the viewer shows as the parts of an address; what is as usual is null, and left out. */
function addressParts(viewer) {
  const { run, view, time, second } = viewer;
  const umap = view.method === "umap" && !run.shared("umap") ? run.meta.quality.umap : null;
  return {
    tab: "explore",
    run: run.meta.name,
    step: String(view.step),
    seed: String(run.meta.seed),
    beside: second.run ? second.run.meta.name : null,
    vectors: view.kind === "state" ? null : view.kind,
    map: view.method === "pca" ? null : view.method,
    ...Object.fromEntries(MAP_SETTINGS.map((name) => ["umap_" + name, umap ? String(umap[name]) : null])),
    axes: view.axes.join() === "0,1" ? null : view.axes.map((axis) => axis + 1).join(),
    position: view.chosen < 0 ? null : String(view.chosen + 1),
    token: view.token < 0 ? null : String(view.token),
    without: view.hidden.size ? [...view.hidden].map((kind) => run.kindNames[kind]).join() : null,
    time: time.kind === "linear" ? null : time.kind,
  };
}

export function writeAddress(viewer) {
  const address = new URL(location.href);
  for (const [name, text] of Object.entries(addressParts(viewer))) {
    if (text === null) address.searchParams.delete(name);
    else address.searchParams.set(name, text);
  }
  history.replaceState(history.state, "", address);
}

/** Returns what an address asks of the run that it opens; what it does not say, or says wrongly, is as usual. */
export function readAddress(run) {
  const asked = new URL(location.href).searchParams;
  if (asked.get("run") !== run.meta.name) return {};
  const whole = (name, low, high) => {
    const text = asked.get(name) || "";
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    return value >= low && value < high ? value : -1;
  };
  const without = (asked.get("without") || "").split(",");
  const axes = (asked.get("axes") || "").split(",").map((text) => Number(text) - 1).join();
  return {
    kind: asked.get("vectors") === "estimate" ? "estimate" : "state",
    method: ["umap", "own"].includes(asked.get("map")) ? asked.get("map") : "pca",
    umap: Object.fromEntries(MAP_SETTINGS.filter((name) => asked.has("umap_" + name)).map((name) => [name, Number(asked.get("umap_" + name))])),
    axes: ["0,1", "0,2", "1,2"].includes(axes) ? axes.split(",").map(Number) : [0, 1],
    chosen: whole("position", 1, run.positions + 1) - (asked.has("position") ? 1 : 0),
    token: whole("token", 0, run.tokens.length),
    hidden: new Set(run.kindNames.map((name, kind) => kind).filter((kind) => without.includes(run.kindNames[kind]))),
    time: Object.hasOwn(TIMES, asked.get("time")) ? asked.get("time") : "linear",
    beside: asked.get("beside"),
  };
}
