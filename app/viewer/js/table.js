// What every position is nearest to at the shown step, beside the token that the manual context has there.

import { chip, chipButton, dress, entitle } from "./chip.js";
import { make, short, thousands, viridis, write } from "./tokens.js";

const IN_A_ROW = 6; // nearest tokens in a row at most; a chosen position shows all there are
const CHIP_WIDTH = 56; // pixels that a token in a row needs at least
const REST_EVERY = 100; // ms between two drawings of what stands beside the first token: nobody reads sixty tables a second

export class Table {
  constructor(root, viewer) {
    this.body = root.querySelector(".rows tbody");
    this.at = root.querySelector(".at");
    this.viewer = viewer;
    this.rows = [];
    this.fit = IN_A_ROW;
    this.detail = new PositionDetail(viewer);
    this.body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      const token = event.target.closest(".near .chip");
      if (event.target.closest("button")) viewer.go(viewer.run.lockedAt(viewer.view.kind)[row.position]);
      else if (token) viewer.select(token.tokenId);
      else viewer.choose(row.position);
    });
    this.body.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.target.matches("tr")) return;
      event.preventDefault();
      viewer.choose(event.target.position);
    });
    this.body.addEventListener("pointerover", (event) => {
      const token = event.target.closest(".near .chip");
      if (token) entitle(token, viewer.run);
    });
    new ResizeObserver(() => this.resized()).observe(this.body.parentNode);
  }

  /** Shows as many nearest tokens in a row as there is room for: each costs time at every step. */
  resized() {
    if (!this.rows.length) return;
    const width = this.rows[0].near[0].pair.parentNode.clientWidth;
    const fit = Math.max(1, Math.min(IN_A_ROW, Math.ceil(width / CHIP_WIDTH)));
    if (!width || fit === this.fit) return;
    this.fit = fit;
    for (const { near } of this.rows) near.forEach(({ pair }, rank) => { pair.hidden = rank >= fit; });
    this.step(this.viewer.run, this.viewer.view);
  }

  build(run) {
    this.rows = Array.from({ length: run.positions }, (_, position) => {
      const row = make("tr");
      row.tabIndex = 0;
      row.position = position;
      const head = make("th", "c-pos");
      head.scope = "row";
      head.append(make("span", "number", String(position + 1)));
      const manual = run.manualId(position);
      if (manual >= 0) head.append(chip(run, manual, "manual"));
      const cells = ["c-bar", "c-near", "c-lock"].map((name) => make("td", name));
      const [bar, score, list] = [make("i", "bar"), make("span", "score"), make("div", "near")];
      cells[0].append(bar, score);
      const near = Array.from({ length: Math.min(IN_A_ROW, run.neighbours) }, () => {
        const [token, share, pair] = [make("span", "chip"), make("span", "share"), make("span", "pair")];
        pair.append(token, share);
        list.append(pair);
        return { token, share, pair };
      });
      cells[1].append(list);
      const lock = make("button", "quiet seek-lock");
      lock.type = "button";
      cells[2].append(lock);
      row.append(head, ...cells);
      return { row, bar, score, near, lock, since: null };
    });
    this.fit = IN_A_ROW;
    this.body.replaceChildren(...this.rows.map(({ row }) => row));
    this.resized();
  }

  redraw(run, view) {
    const locked = run.lockedAt(view.kind);
    this.rows.forEach((shown, position) => {
      const { row, lock } = shown;
      row.setAttribute("aria-selected", String(position === view.chosen));
      lock.title = "Go to step " + thousands.format(locked[position]) + ", since which the nearest token stays the same";
      shown.since = null; // the number may be of the other kind of vector
    });
  }

  /** Shows the nearest token of every position at once; what stands beside it follows. While time runs all of a row waits. */
  step(run, view) {
    if (!view.playing) this.first(run, view);
    this.detail.step(run, view);
    this.later();
  }

  first(run, { kind, step }) {
    const locked = run.lockedAt(kind);
    write(this.at, "at step " + thousands.format(step));
    this.rows.forEach((shown, position) => {
      dress(shown.near[0].token, run, run.topId(kind, step, position));
      const since = step >= locked[position];
      if (since === shown.since) return;
      shown.since = since;
      shown.lock.classList.toggle("locked", since); // a class of the row would cost a new style of all that is in it
      write(shown.lock, (since ? "✓ " : "") + thousands.format(locked[position]));
    });
  }

  /** Draws similarities and further tokens in the next frame, so that a step is quick; while time runs, less often. */
  later() {
    if (this.waiting) return;
    this.waiting = true;
    const wait = REST_EVERY - (performance.now() - (this.restAt || 0));
    const next = () => requestAnimationFrame(() => requestAnimationFrame(() => this.rest()));
    if (wait > 0) setTimeout(next, wait);
    else next();
  }

  rest() {
    const { run, view } = this.viewer;
    const { kind, step } = view;
    this.first(run, view);
    const [low, high] = run.arrays[kind + ".range"].values;
    this.waiting = false;
    this.restAt = performance.now();
    this.rows.forEach(({ bar, score, near }, position) => {
      const best = run.score(kind, step, position);
      drawBar(bar, best, (best - low) / (high - low || 1));
      write(score, short(best));
      for (let rank = 1; rank < Math.min(this.fit, near.length); rank += 1) {
        dress(near[rank].token, run, run.topId(kind, step, position, rank));
        write(near[rank].share, short(run.score(kind, step, position, rank)));
      }
    });
  }
}

/** All neighbours of the chosen position, one below the other. */
class PositionDetail {
  constructor(viewer) {
    this.viewer = viewer;
    this.page = viewer.pane.page("position", () => viewer.choose(viewer.view.chosen));
    this.title = make("h4");
    this.list = make("ol");
    this.manual = make("p", "manual-there", "The manual context has ");
    this.written = chipButton(viewer);
    this.written.classList.add("manual");
    this.manual.append(this.written, " here.");
    this.page.body.append(this.title, this.list, this.manual);
    this.items = [];
  }

  step(run, view) {
    const { kind, step, chosen } = view;
    this.page.show(chosen < 0 ? null : "position " + (chosen + 1), chosen);
    if (chosen < 0) return;
    const low = run.arrays[kind + ".range"].values[0];
    const span = run.arrays[kind + ".range"].values[1] - low || 1;
    this.fit(run.neighbours);
    this.items.forEach(({ token, bar, score }, rank) => {
      const similarity = run.score(kind, step, chosen, rank);
      dress(token, run, run.topId(kind, step, chosen, rank), true);
      drawBar(bar, similarity, (similarity - low) / span);
      write(score, similarity.toFixed(3).replace("-", "−"));
    });
    const manual = run.manualId(chosen);
    this.manual.hidden = manual < 0;
    if (manual >= 0) dress(this.written, run, manual, true);
    const locked = run.lockedAt(kind)[chosen];
    write(this.title, "Position " + (chosen + 1) + ", nearest " + run.neighbours + " at step " + thousands.format(step) +
      (step >= locked ? "; the first has stayed since step " + thousands.format(locked) : ""));
  }

  fit(count) {
    while (this.items.length > count) this.items.pop().item.remove();
    while (this.items.length < count) {
      const item = make("li");
      const [token, bar, score] = [chipButton(this.viewer), make("i", "bar"), make("span", "score")];
      item.append(token, bar, score);
      this.list.append(item);
      this.items.push({ item, token, bar, score });
    }
  }
}

/** Draws a similarity as the length of a bar, and its place in the run's range, 0 to 1, as its colour. */
function drawBar(bar, similarity, share) {
  const length = Math.max(0, Math.min(1, similarity)).toFixed(2);
  const colour = Math.round(share * 64);
  if (bar.length !== length) bar.style.setProperty("--share", (bar.length = length));
  if (bar.colour !== colour) bar.style.setProperty("--colour", "rgb(" + viridis((bar.colour = colour) / 64) + ")");
}
