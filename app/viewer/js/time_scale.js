// How a step becomes a place along the slider, the lock-in strip and the curves, and back: the one time axis of them all.

class TimeScale {
  constructor() { Object.assign(this, { steps: 1, kind: "linear" }); }

  /** Returns the share of the axis, 0 to 1, at which a step lies. */
  share(step) { return step / this.steps; }

  /** Returns the step, not yet rounded, at a share of the axis. */
  step(share) { return share * this.steps; }
}
