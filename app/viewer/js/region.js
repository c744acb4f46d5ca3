// The tool that lists the tokens of a part of the picture: a line drawn around them, or all that are on the screen.

export class Region {
  constructor(root, viewer) {
    this.viewer = viewer;
    this.plot = root.querySelector(".plot");
    this.button = root.querySelector(".draw-region");
    this.button.addEventListener("click", () => this.turn(!this.on));
    viewer.keys.add("Find", "b", "draw around tokens, or stop", () => this.turn(!this.on));
    viewer.keys.add("Find", "v", "list the tokens that are on the screen", () => this.screen());
    this.turn(false);
  }

  turn(on) {
    this.on = on;
    this.button.setAttribute("aria-pressed", String(on));
    this.plot.classList.toggle("drawing", on);
  }

  /** Whether a drag that begins with this event draws a line. */
  draws(event) { return Boolean(this.viewer.run) && (this.on || event.shiftKey) && event.button === 0; }

  line(points) {
    const { spotlight, run, view, camera, palette, field } = this.viewer;
    spotlight.draw(run, view, camera, palette, field, points);
  }

  /** Lists the tokens within a line that was drawn; of what lies beyond the edge of the picture, none. */
  drawn(points) {
    const { run, view, camera, field } = this.viewer;
    const inside = points.map(([x, y]) => [Math.min(camera.width, Math.max(0, x)), Math.min(camera.height, Math.max(0, y))]);
    this.turn(false);
    this.viewer.search.take(field.within(run, view, inside), "in the region");
  }

  screen() {
    const { run, view, camera, field } = this.viewer;
    if (!run || !field.x) return;
    const corners = [[0, 0], [camera.width, 0], [camera.width, camera.height], [0, camera.height]];
    this.viewer.search.take(field.within(run, view, corners), "on the screen");
  }
}

/** Whether a point lies within a closed line: a ray to the right crosses it an odd number of times. */
export function liesWithin(points, x, y) {
  let inside = false;
  for (let i = 0, j = points.length - 1; i < points.length; j = i, i += 1) {
    const [[ax, ay], [bx, by]] = [points[i], points[j]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}
