// Every key of the viewer in one list: what it does in words, for the help sheet, and what it runs.

export class Keys {
  constructor(root) {
    this.root = root;
    this.list = []; // {keys: ["ArrowLeft"], shift, group, does, run}
    this.onKey = (event) => this.pressed(event);
    document.addEventListener("keydown", this.onKey);
  }

  /** Adds keys; `shift` says whether Shift must be held, undefined that it does not matter. */
  add(group, keys, does, run, shift) { this.list.push({ group, keys: [].concat(keys), does, run, shift }); }

  pressed(event) {
    if (!this.root.isConnected) return document.removeEventListener("keydown", this.onKey);
    if (!this.root.offsetParent || event.altKey || event.ctrlKey || event.metaKey || typing(event.target)) return;
    if (event.key === " " && event.target.closest("button, a, summary")) return;
    const found = this.list.find(({ keys, shift }) => keys.includes(event.key) && (shift === undefined || shift === event.shiftKey));
    if (!found) return;
    event.preventDefault();
    found.run(event);
  }
}

/** Whether a key belongs to something else: a text, a list, another slider, the tabs. */
function typing(target) {
  if (!target.closest || target.closest(".ddpt input.step, .ddpt .strip-rows")) return false;
  return Boolean(target.closest("input, select, textarea, [contenteditable=true], [role=tab], [role=listbox], [role=dialog], dialog"));
}
