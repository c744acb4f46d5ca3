// The selected token: how true its place in the picture is, and its own nearest tokens.

import { chipButton, dress } from "./chip.js";
import { apart, drawnWords, placeOf, positionBeside } from "./drawn.js";
import { make, short, thousands, three, write } from "./tokens.js";
import { REST, truthAbout, truthWords } from "./truths.js";

const OWN_NEIGHBOURS = 10;

export class Inspect {
  constructor(root, viewer) {
    this.viewer = viewer;
    this.page = viewer.pane.page("token", () => viewer.select(-1));
    this.chip = make("span", "chip");
    this.about = make("span", "about");
    this.drawn = make("p", "drawn");
    this.truth = make("p", "truth");
    this.status = make("p", "status");
    this.table = make("table", "own");
    const title = make("h4");
    title.append(this.chip, this.about);
    this.page.body.append(title, this.drawn, this.truth, this.table, this.status);
  }

  redraw(run, view) {
    this.of = null; // the drawn distances may be of another map
  }

  marked(run, view) { this.step(run, view); }

  step(run, view) {
    const id = view.token;
    clearTimeout(this.later);
    if (this.of !== id || this.tokens !== run.tokens) this.select(run, view);
    if (id < 0) return;
    if (view.playing) return this.rest("");
    this.later = setTimeout(() => this.compare(run, view), REST);
    if (this.at !== this.shown(view)) this.rest("…");
  }

  shown({ token, step, kind, method, axes, chosen }) { return [token, step, kind, method, axes, chosen].join(); }

  /** The distances of another step are no longer true. */
  rest(text) {
    this.at = null;
    write(this.drawn, text);
    write(this.truth, "");
  }

  /** Shows another token, or none. */
  select(run, view) {
    const id = (this.of = view.token);
    this.tokens = run.tokens;
    this.page.show(id < 0 ? null : "token", id);
    this.table.hidden = true;
    write(this.status, "");
    if (id < 0) return;
    dress(this.chip, run, id);
    const away = view.hidden.has(run.kinds[id]) ? " · its kind is put away in the picture" : "";
    write(this.about, run.kindNames[run.kinds[id]] + " · id " + thousands.format(id) + away);
    const about = { what: "token_neighbours", key: run.meta.key, token: id, k: OWN_NEIGHBOURS };
    const known = this.viewer.truths.known(about);
    if (known) return this.list(run, view, known);
    write(this.status, "Asking for its nearest tokens…");
    this.viewer.truths.fetch(about).then(
      (answer) => this.of === id && this.list(run, view, answer),
      (error) => this.of === id && write(this.status, "Its nearest tokens are not known. " + error.message),
    );
  }

  /** The token beside the chosen position, or the one that is drawn nearest to it. */
  compare(run, view) {
    const id = view.token;
    if (run !== this.viewer.run || id !== this.of || view.playing) return;
    this.at = this.shown(view);
    const at = this.at;
    const position = view.chosen >= 0 ? view.chosen : positionBeside(run, view, id);
    const which = "Position " + (position + 1) + (view.chosen < 0 ? ", which is drawn nearest to it: " : ": ");
    const units = view.method === "umap" ? " (UMAP’s distances are its own)" : "";
    write(this.drawn, which + drawnWords(run, view, position, id) + units + ";");
    write(this.truth, "…");
    this.viewer.truths.fetch(truthAbout(run, view, position, id)).then(
      (answer) => this.at === at && write(this.truth, truthWords(answer) + "."),
      (error) => this.at === at && write(this.truth, "what is true is not known. " + error.message),
    );
  }

  /** Lists the token's own neighbours: true cosine, true distance, and how far they are drawn from it. */
  list(run, view, { neighbours }) {
    write(this.status, "");
    const here = placeOf(run, view, "vocabulary", view.token);
    const head = make("tr");
    const names = ["its nearest tokens", "cosine", "distance", "drawn"];
    head.append(...names.map((name) => { const cell = make("th", "", name); cell.scope = "col"; return cell; }));
    const rows = neighbours.map(({ id, cosine, distance }) => {
      const row = make("tr");
      const far = apart(here, placeOf(run, view, "vocabulary", id));
      const cells = [make("td"), make("td", "", short(cosine)), make("td", "", three(distance)), make("td", "", Number.isNaN(far) ? "no place" : three(far))];
      cells[0].append(chipButton(this.viewer, id));
      row.append(...cells);
      return row;
    });
    const [top, body] = [make("thead"), make("tbody")];
    top.append(head);
    body.append(...rows);
    this.table.replaceChildren(top, body);
    this.table.hidden = false;
  }
}
