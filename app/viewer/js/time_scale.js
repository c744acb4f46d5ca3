// How a step becomes a place along the slider, the lock-in strip and the curves, and back: the one time axis of them all.
//
// "linear" gives every step the same room. "log" is logarithmic in the number of steps left, plus one, so that the last
// step has a place: the steps in which the context takes its final shape get the room, and both ends stay on the axis.

export class TimeScale {
  constructor() { Object.assign(this, { steps: 1, kind: "linear" }); }

  /** Returns the share of the axis, 0 to 1, at which a step lies; it need not be whole. */
  share(step) {
    const inside = Math.min(this.steps, Math.max(0, step));
    if (this.kind === "linear") return inside / this.steps;
    return 1 - Math.log1p(this.steps - inside) / Math.log1p(this.steps);
  }

  /** Returns the step, not yet rounded, at a share of the axis. */
  step(share) {
    const inside = Math.min(1, Math.max(0, share));
    if (this.kind === "linear") return inside * this.steps;
    return this.steps - Math.expm1((1 - inside) * Math.log1p(this.steps));
  }

  /** Returns the step, not rounded, that lies a share of the axis further on than another. */
  onward(step, share) { return this.step(this.share(step) + share); }

  /**
   * Returns the step that each of `width` columns of pixels shows: the one nearest to the column's share of the axis,
   * which is 0 for the first column and 1 for the last. So the first and the last step are always shown, however many
   * of those between have no column; where steps are wide, each is drawn as far as a click would choose it.
   */
  columns(width) {
    return Int32Array.from({ length: width }, (_, column) => Math.round(this.step(column / Math.max(1, width - 1))));
  }
}
