// How a step becomes a place along the slider, the lock-in strip and the curves, and back: the one time axis of them all.

/**
 * The kinds of time: what each is called, the `share` of the axis, 0 to 1, at which a step lies that need not be whole,
 * and the `step`, not yet rounded, at a share. Steps and shares are within their ends.
 */
export const TIMES = {
  /** Every step has the same room. */
  linear: {
    words: "linear time",
    share: ({ steps }, step) => step / steps,
    step: ({ steps }, share) => share * steps,
  },
  /**
   * Logarithmic in the number of steps left, plus one, so that the last step has a place: the steps in which the context
   * takes its final shape get the room, and both ends stay on the axis.
   */
  log: {
    words: "logarithmic time",
    share: ({ steps }, step) => 1 - Math.log1p(steps - step) / Math.log1p(steps),
    step: ({ steps }, share) => steps - Math.expm1((1 - share) * Math.log1p(steps)),
  },
  /** A step has as much room as it takes noise away: half the steps of a linear schedule take hardly any. */
  noise: {
    words: "time by noise",
    share({ cleared }, step) {
      const before = Math.floor(step);
      return before === step ? cleared[step] : cleared[before] + (step - before) * (cleared[before + 1] - cleared[before]);
    },
    step({ cleared, steps }, share) {
      let [low, high] = [0, steps]; // cleared[low] <= share <= cleared[high]
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (cleared[middle] <= share && share > 0) low = middle;
        else high = middle;
      }
      return low + (share - cleared[low]) / (cleared[high] - cleared[low] || 1);
    },
  },
};

const TIME_KEPT = "ddpt-explorer-time"; // what the browser calls the kind that somebody chose last

export class TimeScale {
  constructor() { Object.assign(this, { steps: 1, kind: keptKind(), cleared: Float64Array.of(0, 1) }); }

  /** Places the steps of a run; `cleared` is the share of its noise that is gone at each, and never falls. */
  of(run) {
    this.steps = run.steps;
    const [first, last] = [run.noise(0), run.noise(run.steps)];
    let gone = 0;
    this.cleared = Float64Array.from({ length: run.steps + 1 }, (_, step) => {
      gone = Math.min(1, Math.max(gone, (first - run.noise(step)) / (first - last || 1)));
      return gone;
    });
    this.cleared[run.steps] = 1;
  }

  /** Keeps the kind that is shown for the next visit; a private window keeps nothing. */
  keep() { try { localStorage.setItem(TIME_KEPT, this.kind); } catch { /* it is asked again */ } }

  /** Returns the share of the axis, 0 to 1, at which a step lies; it need not be whole. */
  share(step) { return TIMES[this.kind].share(this, Math.min(this.steps, Math.max(0, step))); }

  /** Returns the step, not yet rounded, at a share of the axis. */
  step(share) { return TIMES[this.kind].step(this, Math.min(1, Math.max(0, share))); }

  /** Returns the step, not rounded, that lies a share of the axis further on than another. */
  onward(step, share) { return Math.max(step, this.step(this.share(step) + share)); }

  /**
   * Returns the step that each of `width` columns of pixels shows: the one nearest to the column's share of the axis,
   * which is 0 for the first column and 1 for the last. So the first and the last step are always shown, however many
   * of those between have no column; where steps are wide, each is drawn as far as a click would choose it.
   */
  columns(width) {
    return Int32Array.from({ length: width }, (_, column) => Math.round(this.step(column / Math.max(1, width - 1))));
  }
}

/** Returns the kind of time that this browser showed last, else the one in which every step has the same room. */
function keptKind() {
  try {
    const kept = localStorage.getItem(TIME_KEPT);
    return Object.hasOwn(TIMES, kept) ? kept : "linear";
  } catch { return "linear"; }
}
