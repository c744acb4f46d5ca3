// The table of code follows the viewer: the row in force is marked and shown above; a click on a row moves the viewer.

const count = new Intl.NumberFormat("en-US");
let rows = []; // {step, row}, the first step first
let inForce = null;

/** Returns what the viewer shows, as its event `ddpt-step` says it. */
function shownNow() {
  const run = document.querySelector("#viewer .pick-run");
  return { run: run ? run.value : "", step: window.ddptViewer ? window.ddptViewer.step : 0 };
}

function build() {
  const found = element.querySelectorAll("tbody tr");
  rows = Array.from(found, (row) => ({ step: Number(row.dataset.step), row }));
  inForce = null;
  follow(shownNow());
}

function follow({ run, step }) {
  if (!rows.length) return;
  const board = element.querySelector(".code-path");
  const same = run === board.dataset.run;
  const at = same ? rows.findLast((one) => one.step <= step) : null;
  element.querySelector(".now .at").textContent = same ? wordsOf(at, step) : "This is the code along another run than the one above.";
  if (at === inForce) return;
  if (inForce) inForce.row.removeAttribute("aria-current");
  inForce = at;
  element.querySelector(".now .code").hidden = !at;
  if (!at) return;
  at.row.setAttribute("aria-current", "step");
  const written = at.row.querySelector(".code code");
  element.querySelector(".now .code code").replaceChildren(...Array.from(written.childNodes, (node) => node.cloneNode(true)));
  requestAnimationFrame(() => scrollTo(at.row));
}

function wordsOf(at, step) {
  const changes = Number(at.row.dataset.changes);
  const since = at.step === step ? "" : " (last written at step " + count.format(at.step) + ")";
  const places = changes === 1 ? "1 place" : changes + " places";
  return "Code at step " + count.format(step) + since + (changes ? ": otherwise than at the end in " + places + "." : ": as at the end.");
}

/** Scrolls the table, never the page. */
function scrollTo(row) {
  const box = element.querySelector(".steps");
  if (!box || !row.isConnected) return;
  const [outer, inner] = [box.getBoundingClientRect(), row.getBoundingClientRect()];
  const head = element.querySelector("thead").getBoundingClientRect().height;
  if (inner.top < outer.top + head) box.scrollTop -= outer.top + head - inner.top;
  else if (inner.bottom > outer.bottom) box.scrollTop += Math.min(inner.bottom - outer.bottom, inner.top - outer.top - head);
}

// A click on a step's number also shows the viewer; where that shows another run, the link opens this one at that step.
element.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-step]");
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  if (!row || !plain || !window.ddptViewer || shownNow().run !== element.querySelector(".code-path").dataset.run) return;
  const link = event.target.closest("a");
  if (!link && String(getSelection())) return; // code is being copied
  event.preventDefault();
  window.ddptViewer.seek(Number(row.dataset.step));
  if (link) document.querySelector("#viewer").scrollIntoView({ block: "start" });
});

function onStep(event) {
  if (!element.isConnected) return document.removeEventListener("ddpt-step", onStep);
  follow(event.detail);
}

document.addEventListener("ddpt-step", onStep);
watch("value", build);
build();
