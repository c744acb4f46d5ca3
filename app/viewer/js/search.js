// The field that finds tokens: a text or a regular expression; Enter goes through what was found.

import { Matching, PATTERN } from "./matching.js";
import { showBlanks, thousands, write } from "./tokens.js";

const TYPING_PAUSE = 120; // milliseconds before a pattern is tried

export class Search {
  constructor(root, viewer) {
    this.viewer = viewer;
    this.field = root.querySelector(".find-token");
    this.toggle = root.querySelector(".as-pattern");
    this.words = root.querySelector(".found");
    this.steps = root.querySelector(".find-steps");
    this.matching = new Matching();
    this.field.addEventListener("input", () => this.search());
    this.field.addEventListener("keydown", (event) => this.pressed(event));
    this.toggle.addEventListener("click", () => {
      this.toggle.setAttribute("aria-pressed", String(this.toggle.getAttribute("aria-pressed") !== "true"));
      this.search();
      this.field.focus();
    });
    root.querySelector(".find-next").addEventListener("click", () => this.go(1));
    root.querySelector(".find-previous").addEventListener("click", () => this.go(-1));
    viewer.keys.add("Find", "/", "find a token", () => { this.field.focus(); this.field.select(); });
    viewer.keys.add("Find", "n", "next token that was found", () => this.go(1));
    viewer.keys.add("Find", "N", "previous token that was found", () => this.go(-1));
    viewer.keys.add("Find", "Escape", "let go of what was selected or found", () => viewer.letGo());
  }

  build(run) {
    this.matching.over(run.tokens);
    if (this.field.value) this.search();
  }

  pressed(event) {
    if (event.key === "Enter") this.go(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") this.clear();
    else return;
    event.preventDefault();
  }

  clear() {
    this.field.value = "";
    this.search();
    this.viewer.select(-1);
  }

  async search() {
    const { run } = this.viewer;
    const asked = (this.asked = {});
    this.field.setAttribute("aria-invalid", "false");
    if (!run) return;
    const text = this.field.value.replace(/␣/g, " ").replace(/↵/g, "\n").replace(/⇥/g, "\t");
    if (!text) return this.viewer.mark([], "");
    const typed = text.match(PATTERN);
    if (!typed && this.toggle.getAttribute("aria-pressed") !== "true") {
      return this.viewer.mark(this.matching.text(text), "with “" + showBlanks(text) + "”");
    }
    await new Promise((later) => setTimeout(later, TYPING_PAUSE));
    if (asked !== this.asked) return; // more was typed meanwhile
    const [source, flags] = typed ? typed.slice(1) : [text, ""];
    try {
      const ids = await this.matching.pattern(source, flags);
      if (asked === this.asked) this.viewer.mark(ids, "that match /" + showBlanks(source) + "/" + flags);
    } catch (error) {
      if (asked !== this.asked) return;
      this.field.setAttribute("aria-invalid", "true");
      this.viewer.mark([], "");
      write(this.words, error.message);
    }
  }

  /** Selects the next token that was found, or the one before, and brings it into the picture. */
  go(by) {
    const { view } = this.viewer;
    const { length } = view.found;
    if (!length) return;
    const now = view.found.indexOf(view.token);
    const next = now < 0 ? (by > 0 ? 0 : length - 1) : (now + by + length) % length;
    this.viewer.select(view.found[next]);
  }

  /** Shows tokens that were found in another way. */
  take(ids, by) {
    this.field.value = "";
    this.asked = null;
    this.field.setAttribute("aria-invalid", "false");
    this.viewer.mark(ids, by);
  }

  marked(run, view) {
    this.steps.classList.toggle("idle", !view.found.length); // its room stays, so that the field does too
    if (this.field.getAttribute("aria-invalid") === "true") return; // what is wrong stays told
    write(this.words, view.foundBy ? countWords(run, view) : "");
  }
}

/** Returns how many tokens were found, the place of the selected one among them, and how many cannot be seen. */
function countWords(run, view) {
  const { found, foundBy, token } = view;
  if (!found.length) return "no token " + foundBy;
  const at = found.indexOf(token);
  const away = found.filter((id) => view.hidden.has(run.kinds[id])).length;
  const placeless = found.filter((id) => !run.placed(view.method, id)).length;
  const words = [(at < 0 ? "" : thousands.format(at + 1) + " of ") + thousands.format(found.length) + " found"];
  if (away) words.push(thousands.format(away) + " of kinds put away");
  if (placeless) words.push(thousands.format(placeless) + " without a place on this map");
  return words.join(", ");
}
