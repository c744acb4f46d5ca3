// The tokens that were searched for or drawn around: by kind with counts, each a chip that selects it, to copy and as CSV.

import { chipButton } from "./chip.js";
import { csvText, download, fileName } from "./save.js";
import { make, showBlanks, thousands, write } from "./tokens.js";

const LISTED = 100; // chips of a kind; the copy and the CSV hold all

export class FoundList {
  constructor(viewer) {
    this.viewer = viewer;
    this.page = viewer.pane.page("found", () => viewer.search.clear());
    this.title = make("h4");
    this.kinds = make("div", "found-kinds");
    this.copied = make("output", "copied");
    const acts = make("p", "acts");
    acts.append(this.act("copy", "Copy the tokens, one per line", () => this.copy()), this.act("CSV ⤓", "Every token that was found, as CSV", () => this.save()), this.copied);
    this.page.body.append(this.title, acts, this.kinds);
  }

  act(name, title, run) {
    const button = make("button", "quiet", name);
    button.type = "button";
    button.title = title;
    button.addEventListener("click", run);
    return button;
  }

  marked(run, view) {
    const { found, foundBy } = view;
    const shown = [run, found, view.method, ...view.hidden];
    if (this.shown && shown.length === this.shown.length && shown.every((one, i) => one === this.shown[i])) return;
    this.shown = shown;
    this.page.show(found.length ? thousands.format(found.length) + " found" : null, found);
    write(this.copied, "");
    this.kinds.replaceChildren();
    if (!found.length) return;
    write(this.title, thousands.format(found.length) + (found.length === 1 ? " token " : " tokens ") + foundBy);
    const byKind = run.kindNames.map(() => []);
    for (const id of found) byKind[run.kinds[id]].push(id);
    byKind.forEach((ids, kind) => {
      if (!ids.length) return;
      const away = view.hidden.has(kind) ? ", put away in the picture" : "";
      const placeless = ids.filter((id) => !run.placed(view.method, id)).length;
      const without = placeless ? ", " + thousands.format(placeless) + " without a place on this map" : "";
      const list = make("p", "chips");
      list.append(...ids.slice(0, LISTED).map((id) => chipButton(this.viewer, id)));
      const more = ids.length - LISTED;
      if (more > 0) list.append(make("span", "more", "and " + thousands.format(more) + " more, in copy and CSV"));
      this.kinds.append(make("h5", "", run.kindNames[kind] + ": " + thousands.format(ids.length) + away + without), list);
    });
  }

  async copy() {
    const { run, view } = this.viewer;
    try {
      await navigator.clipboard.writeText(view.found.map((id) => showBlanks(run.tokens[id])).join("\n"));
      write(this.copied, "copied");
    } catch { // no permission, or a page without https
      write(this.copied, "the browser does not allow it; take the CSV");
    }
  }

  save() {
    const { run, view } = this.viewer;
    const { values, shape } = run.arrays[view.method + ".vocabulary"];
    const width = shape[1];
    const axes = Array.from({ length: width }, (_, axis) => view.method + "_" + (axis + 1));
    const lines = view.found.map((id) => {
      const place = Array.from(values.subarray(id * width, (id + 1) * width), (value) => (Number.isNaN(value) ? "" : value.toPrecision(6)));
      return [id, csvText(showBlanks(run.tokens[id])), run.kindNames[run.kinds[id]], ...place].join(",");
    });
    const table = [["token_id", "token", "kind", ...axes].join(","), ...lines].join("\n") + "\n";
    download(new Blob([table], { type: "text/csv" }), fileName(this.viewer, "-tokens.csv"));
  }
}
