// What is measured along the path, on the time axis of the slider.

class Curves {
  constructor(root, viewer) { this.viewer = viewer; }
  build(run) {}
  redraw(run, view, palette) {}
  step(run, view) {}
}
