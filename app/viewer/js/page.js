// Between the page and the viewer: the value that Python sends, the events it hears, the address, the doors.
//
// It stands last in the body of the function that gr.HTML runs, and it alone uses what that function is given:
/* global element, props, server, trigger, watch */

import { readAddress, writeAddress } from "./address.js";
import { Maps } from "./maps.js";
import { make } from "./tokens.js";
import { Undo } from "./undo.js";
import { Viewer } from "./viewer.js";

const root = element.querySelector(".ddpt");
const viewer = new Viewer(root, server);
const maps = new Maps(root, viewer, (event, asked) => trigger(event, asked));
const undo = new Undo(root.querySelector(".undo"), openRun);
const pickRun = root.querySelector(".pick-run");
const pickSecond = root.querySelector(".pick-second");
const newRun = root.querySelector(".new-run");
let asked = null; // what the address asks for besides run and step, until it is there
let opened = false;

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
  if (open && !runs.some(({ name }) => name === open)) pickRun.prepend(goneOption());
  const others = runs.filter(({ name }) => name !== open);
  const second = viewer.second.run && viewer.second.run.meta.name;
  options(pickSecond, [{ name: "", label: "no second run" }, ...others], second);
  root.querySelector(".second").hidden = !others.length;
}

/** The open run in the list after it was deleted: it stays on the screen, and cannot be chosen again. */
function goneOption() {
  const option = make("option", "", viewer.run.meta.label + " · deleted");
  Object.assign(option, { value: viewer.run.meta.name, disabled: true, selected: true });
  return option;
}

/** Takes in what Python sent. A run that is already open is not opened again; a map of another is left alone. */
function receive(value) {
  if (!value) return;
  if (value.reason === "open") viewer.second.close();
  if (value.reason === "runs" && value.run && viewer.run && value.run.key === viewer.run.meta.key) {
    viewer.run.meta = { ...viewer.run.meta, ...value.run }; // the open run has another name now
  }
  const open = value.reason === "open" ? value.run : viewer.run && viewer.run.meta;
  if (value.reason !== "second" && value.reason !== "busy") listRuns(value.runs, open ? open.name : "");
  if (value.reason === "open") {
    maps.wanted = "";
    viewer.say("");
    undo.offer(value.beside);
    viewer.open(value.run, value.step).then(restore).then(() => value.beside && openSecond(value.beside));
  } else if (value.reason === "failed") {
    viewer.say("");
    maps.wanted = "";
    asked = null;
    pickSecond.value = viewer.second.run ? viewer.second.run.meta.name : "";
    if (viewer.run) viewer.unveil();
    else viewer.veilWith(value.message, "failed");
  } else if (value.reason === "busy") {
    if (viewer.run && viewer.veil.hidden) viewer.say(value.message);
    else viewer.veilWith(value.message, "loading");
  } else if (value.reason === "second" && viewer.run) {
    viewer.say("");
    if (pickSecond.value !== value.run.name) return;
    viewer.beside(value.run).then(restoreMap, (error) => { pickSecond.value = ""; viewer.say(error.message); });
  } else if ((value.reason === "umap" || value.reason === "own") && viewer.run && value.run.key === viewer.run.meta.key) {
    maps.made(value.reason, value.run);
  }
}

/** Once, for the first run of the page: shows what else the address asks for. */
function restore() {
  if (opened || !viewer.run) return;
  opened = true;
  asked = readAddress(viewer.run);
  if (!("kind" in asked)) return void (asked = null);
  const { kind, axes, chosen, token, hidden, time, beside } = asked;
  Object.assign(viewer.view, { chosen, token, hidden });
  viewer.stretch(time);
  viewer.show({ kind, axes }).then(() => {
    if (beside && [...pickSecond.options].some(({ value }) => value === beside)) openSecond(beside);
    else restoreMap();
  });
}

/** Shows the projection that the address asks for, once the runs that it holds are open. */
function restoreMap() {
  if (asked) maps.restore(asked);
  asked = null;
}

function openSecond(name) {
  pickSecond.value = name;
  viewer.say("Opening the second run…");
  trigger("second_run", { first: viewer.run.meta.name, name });
}

function openRun(name) {
  viewer.say("");
  viewer.veilWith("Opening the run…", "loading");
  viewer.rest();
  trigger("open_run", { name });
}

pickRun.addEventListener("change", () => openRun(pickRun.value));
pickSecond.addEventListener("change", () => {
  if (!pickSecond.value) return void viewer.beside(null);
  openSecond(pickSecond.value);
});
newRun.addEventListener("click", () => {
  const panel = document.getElementById("new-run");
  const open = panel.classList.toggle("open");
  newRun.setAttribute("aria-expanded", String(open));
  if (open) panel.querySelector("input[type=number]").focus();
});
root.querySelector(".open-runs").addEventListener("click", (event) => {
  const fold = document.querySelector("#runs-panel > button"); // out of sight while its list is folded away
  fold.click();
  event.currentTarget.setAttribute("aria-expanded", String(!fold.classList.contains("open")));
});
root.querySelector(".copy-link").addEventListener("click", async () => {
  if (!viewer.run) return;
  writeAddress(viewer);
  try {
    await navigator.clipboard.writeText(location.href);
    viewer.say("The link is copied.");
  } catch { // no permission, or a page without https
    viewer.say("The link is in the address line; copy it from there.");
  }
  setTimeout(() => viewer.say(""), 4000);
});
document.addEventListener("click", (event) => { // a menu closes when something else is pressed
  for (const menu of root.querySelectorAll(".menu[open]")) {
    if (!menu.contains(event.target) || event.target.closest("button:not(.save-film)")) menu.open = false;
  }
});

// The address always says what is on the screen, so that it can be sent to somebody.
viewer.onRest = () => {
  clearTimeout(viewer.addressLater);
  viewer.addressLater = setTimeout(() => {
    if (root.offsetParent && opened && !asked && !viewer.view.playing) writeAddress(viewer);
  }, 400);
};

// What follows the viewer elsewhere in the page hears of every step that is drawn.
viewer.panels.push({
  step: (run, { step }) => document.dispatchEvent(new CustomEvent("ddpt-step", { detail: { run: run.meta.name, step } })),
});

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
