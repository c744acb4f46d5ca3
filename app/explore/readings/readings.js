// A reading is of one step: where the viewer has gone on, it says so, and a press reads the step that is shown.

const count = new Intl.NumberFormat("en-US");

/** Returns what the viewer shows: the run's name, the step, and "state" or "estimate". */
function shownNow() {
  const run = document.querySelector("#viewer .pick-run");
  const kind = document.querySelector('#viewer [data-kind][aria-pressed="true"]');
  return { run: run ? run.value : "", step: window.ddptViewer ? window.ddptViewer.step : 0, kind: kind ? kind.dataset.kind : "state" };
}

function follow() {
  const board = element.querySelector(".reading");
  if (!board) return;
  const { run, step, kind } = shownNow();
  const { run: ofRun, step: at, kind: of } = board.dataset;
  const line = board.querySelector(".at");
  if (run !== ofRun) return void (line.textContent = "This is a reading of another run than the one above.");
  if (step === Number(at) && kind === of) return void (line.textContent = "");
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = "read it";
  again.addEventListener("click", () => document.querySelector("#readings-go").click());
  line.replaceChildren("The viewer shows the " + kind + " at step " + count.format(step) + ": ", again, ".");
}

function onStep() {
  if (!element.isConnected) return document.removeEventListener("ddpt-step", onStep);
  follow();
}

document.addEventListener("ddpt-step", onStep);
watch("value", follow);
follow();
