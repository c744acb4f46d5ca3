// The page's panels that the toolbar opens. They lie beside the viewer in the page, and are drawn below the toolbar in room
// that the viewer keeps for them.

export class Panels {
  constructor(root) {
    this.toolbar = root.querySelector(".controls");
    this.rooms = root.querySelectorAll(".panel-room");
    this.observer = new ResizeObserver(() => this.place());
  }

  /** The page is whole once there is a run to show. */
  build() {
    this.observer.observe(this.toolbar);
    for (const { dataset } of this.rooms) this.observer.observe(document.getElementById(dataset.panel));
  }

  place() {
    for (const room of this.rooms) {
      const panel = document.getElementById(room.dataset.panel);
      room.style.height = (panel.offsetHeight ? panel.offsetHeight + 5 : 0) + "px"; // its margin too
      if (panel.offsetParent) panel.style.top = room.getBoundingClientRect().top - panel.offsetParent.getBoundingClientRect().top + "px";
    }
  }
}
