// One token or position looked at closely: its neighbours, and how true the picture is about them.

class Inspect {
  constructor(root, viewer) { this.viewer = viewer; }
  build(run) {}
  redraw(run, view, palette) {}
  step(run, view) {}
}
