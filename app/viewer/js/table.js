// What every position is nearest to at the shown step, beside the token that the manual context has there.

class Table {
  constructor(root, viewer) {
    this.body = root.querySelector("tbody");
    this.at = root.querySelector(".at");
    this.detail = root.querySelector(".detail");
    this.viewer = viewer;
    this.rows = [];
  }

  build(run) {
    this.rows = Array.from({ length: run.positions }, (_, position) => {
      const row = make("tr");
      row.tabIndex = 0;
      const head = make("th", "c-pos");
      head.scope = "row";
      head.append(make("span", "number", String(position + 1)));
      const manual = run.manualId(position);
      if (manual >= 0) head.append(chip(run, manual, "manual"));
      const cells = ["c-bar", "c-near", "c-lock"].map((name) => make("td", name));
      const [bar, score] = [make("i", "bar"), make("span", "score")];
      cells[0].append(bar, score);
      const near = Array.from({ length: Math.min(6, run.neighbours) }, () => {
        const [token, share, pair] = [make("span", "chip"), make("span", "share"), make("span", "pair")];
        pair.append(token, share);
        cells[1].append(pair);
        return { token, share };
      });
      row.append(head, ...cells);
      row.addEventListener("click", () => this.viewer.choose(position));
      row.addEventListener("keydown", (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        this.viewer.choose(position);
      });
      return { row, bar, score, near, lock: cells[2] };
    });
    this.body.replaceChildren(...this.rows.map(({ row }) => row));
  }

  step(run, view) {
    const { kind, step } = view;
    const [low, high] = run.arrays[kind + ".range"].values;
    const locked = run.lockedAt(kind);
    write(this.at, "at step " + thousands.format(step));
    this.rows.forEach(({ row, bar, score, near, lock }, position) => {
      const best = run.score(kind, step, position);
      bar.style.setProperty("--share", Math.max(0, Math.min(1, best)).toFixed(3));
      bar.style.setProperty("--colour", "rgb(" + viridis((best - low) / (high - low || 1)) + ")");
      write(score, short(best));
      near.forEach(({ token, share }, rank) => {
        dress(token, run, run.topId(kind, step, position, rank));
        write(share, short(run.score(kind, step, position, rank)));
      });
      const since = step >= locked[position];
      row.classList.toggle("locked", since);
      row.setAttribute("aria-selected", String(position === view.chosen));
      write(lock, since ? "at " + thousands.format(locked[position]) : "–");
    });
    this.drawDetail(run, view);
  }

  /** All neighbours of the chosen position, one below the other. */
  drawDetail(run, { kind, step, chosen }) {
    this.detail.hidden = chosen < 0;
    if (chosen < 0) return;
    const list = make("ol");
    for (let rank = 0; rank < run.neighbours; rank += 1) {
      const item = make("li");
      const id = run.topId(kind, step, chosen, rank);
      const score = run.score(kind, step, chosen, rank);
      const bar = make("i", "bar");
      bar.style.setProperty("--share", Math.max(0, Math.min(1, score)).toFixed(3));
      item.append(chip(run, id), bar, make("span", "score", score.toFixed(3)));
      list.append(item);
    }
    this.detail.replaceChildren(make("h4", "", "Position " + (chosen + 1) + ", nearest " + run.neighbours), list);
  }
}

function chip(run, id, extra = "") {
  const node = make("span", "chip " + extra);
  dress(node, run, id);
  return node;
}

/** Makes a chip show the token `id`; the colour of its edge is its kind. */
function dress(node, run, id) {
  if (node.tokenId === id) return;
  node.tokenId = id;
  node.textContent = showBlanks(run.tokens[id]);
  const kind = run.kindNames[run.kinds[id]];
  node.title = kind + ", id " + thousands.format(id);
  node.style.setProperty("--edge", "var(--kind-" + kind.replace(" ", "-") + ")");
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
