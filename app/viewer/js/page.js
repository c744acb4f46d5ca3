// Between the page and the viewer: the value that Python sends, the events it hears, the address, the doors.

const root = element.querySelector(".ddpt");
const viewer = new Viewer(root);
const pickRun = root.querySelector(".pick-run");
const pickSecond = root.querySelector(".pick-second");
const umapButton = root.querySelector("[data-method=umap]");
const pcaButton = root.querySelector("[data-method=pca]");
const newRun = root.querySelector(".new-run");
let wantsUmap = false;

function options(list, runs, chosen) {
  list.replaceChildren(...runs.map(({ name, label }) => {
    const option = make("option", "", label);
    option.value = name;
    option.selected = name === chosen;
    return option;
  }));
}

/** Lists the runs that can be opened; the open one is chosen, the others can be laid over it. */
function listRuns(runs, open) {
  options(pickRun, runs, open);
  const others = runs.filter(({ name }) => name !== open);
  const second = viewer.second.run && viewer.second.run.meta.name;
  options(pickSecond, [{ name: "", label: "no second run" }, ...others], second);
  root.querySelector(".second").hidden = !others.length;
}

/** Takes in what Python sent. A run that is already open is not opened again; a map of another is left alone. */
function receive(value) {
  if (!value) return;
  if (value.reason === "open") viewer.second.close(viewer.run);
  const open = value.reason === "open" ? value.run : viewer.run && viewer.run.meta;
  if (value.reason !== "second" && value.reason !== "busy") listRuns(value.runs, open ? open.name : "");
  if (value.reason === "open") {
    wantsUmap = false;
    busy("");
    viewer.open(value.run, value.step);
  } else if (value.reason === "failed") {
    busy("");
    wantsUmap = false;
    pickSecond.value = viewer.second.run ? viewer.second.run.meta.name : "";
    if (viewer.run) viewer.unveil();
    else viewer.veilWith(value.message, "failed");
  } else if (value.reason === "busy") {
    if (viewer.run && viewer.veil.hidden) busy(value.message);
    else viewer.veilWith(value.message, "loading");
  } else if (value.reason === "second" && viewer.run) {
    busy("");
    if (pickSecond.value === value.run.name) viewer.beside(value.run).catch((error) => { pickSecond.value = ""; busy(error.message); });
  } else if (value.reason === "umap" && viewer.run && value.run.key === viewer.run.meta.key) {
    busy("");
    viewer.run.meta = value.run;
    if (wantsUmap) viewer.show({ method: "umap" });
  }
}

function busy(message) {
  write(root.querySelector(".busy"), message);
}

pickRun.addEventListener("change", () => {
  busy("");
  viewer.veilWith("Opening the run…", "loading");
  viewer.rest();
  trigger("open_run", { name: pickRun.value });
});
pickSecond.addEventListener("change", () => {
  if (!pickSecond.value) return void viewer.beside(null);
  busy("Opening the second run…");
  trigger("second_run", { first: viewer.run.meta.name, name: pickSecond.value });
});
pcaButton.addEventListener("click", () => { wantsUmap = false; viewer.show({ method: "pca" }); });
umapButton.addEventListener("click", () => {
  if (!viewer.run) return;
  wantsUmap = true;
  if (viewer.run.meta.files.umap) return viewer.show({ method: "umap" });
  busy("UMAP: waiting for its turn…");
  trigger("umap", { name: viewer.run.meta.name });
});
newRun.addEventListener("click", () => {
  const panel = document.getElementById("new-run");
  const open = panel.classList.toggle("open");
  newRun.setAttribute("aria-expanded", String(open));
  if (open) panel.querySelector("input[type=number]").focus();
});

// The address always says what is on the screen, so that it can be sent to somebody.
viewer.onRest = (run, { step }) => {
  clearTimeout(viewer.addressLater);
  viewer.addressLater = setTimeout(() => {
    const address = new URL(location.href);
    const said = { tab: "explore", run: run.meta.name, step: String(step), seed: String(run.meta.seed) };
    for (const [name, text] of Object.entries(said)) address.searchParams.set(name, text);
    if (root.offsetParent) history.replaceState(history.state, "", address);
  }, 400);
};

window.ddptViewer = {
  get ready() { return viewer.ready.then(() => window.ddptViewer); },
  /** How many steps can be shown: S + 1, from 0 = pure noise to S = the end. */
  get stepCount() { return viewer.run ? viewer.run.steps + 1 : 0; },
  get step() { return viewer.view.step; },
  async seek(step) {
    if (!Number.isFinite(step)) throw new TypeError("seek needs the number of a step, got " + step);
    await viewer.ready;
    viewer.go(step);
    return viewer.view.step;
  },
  tokensAt(step) {
    const { run, view } = viewer;
    const at = viewer.clamp(step);
    return Array.from({ length: run.positions }, (_, position) => run.tokens[run.topId(view.kind, at, position)]);
  },
};

watch("value", () => receive(props.value));
receive(props.value);
