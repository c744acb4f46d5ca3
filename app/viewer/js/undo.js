// The way back from a run that was steered: the run that was open before, alone again.

export class Undo {
  /** `open` opens a run by its name. */
  constructor(button, open) {
    this.button = button;
    button.addEventListener("click", () => open(this.before));
  }

  /** Offers the run that was open before; "" offers none. */
  offer(before) {
    this.before = before;
    this.button.hidden = !before;
    this.button.title = "Show " + before + " alone again; the new run stays in the list";
  }
}
