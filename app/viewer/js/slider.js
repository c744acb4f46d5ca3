// The slider of time. It is a range input whose value is the step, as keys and screen readers want it; its thumb is drawn
// beside it, where the time axis has the step, since the input's own would always lie evenly.

export class Slider {
  constructor(root, viewer) {
    this.viewer = viewer;
    this.input = root.querySelector("input.step");
    this.rail = this.input.parentElement;
    this.gone = this.rail.querySelector(".gone");
    this.lane = this.rail.querySelector(".knob-lane");
    this.input.addEventListener("input", () => {
      if (seeking(this.input)) this.input.value = viewer.view.step; // the browser's own dragging knows no other axis
      else viewer.go(Number(this.input.value));
    });
    this.input.addEventListener("mousedown", (event) => {
      if (event.button) return;
      event.preventDefault();
      this.input.focus({ preventScroll: true });
    });
    seekByPointer(this.input, viewer, this.rail);
  }

  build(run) { this.input.max = run.steps; }

  step(run, view, words) {
    this.input.value = view.step;
    this.input.setAttribute("aria-valuetext", words);
    const share = this.viewer.time.share(view.step);
    this.gone.style.transform = "scaleX(" + share + ")"; // transforms, since they move nothing else
    this.lane.style.transform = "translateX(" + 100 * share + "%)";
  }
}

const pressed = new Set(); // the elements along which a pointer is being dragged

/** Whether a pointer is being dragged along an element. */
function seeking(element) { return pressed.has(element); }

/** Lets a pointer that is pressed and dragged on an element seek along the width of `axis`, the element itself if not given. */
export function seekByPointer(element, viewer, axis = element) {
  const seek = ({ clientX }) => viewer.go(viewer.time.step(shareAt(axis, clientX)));
  element.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    element.setPointerCapture(event.pointerId);
    pressed.add(element);
    seek(event);
  });
  element.addEventListener("pointermove", (event) => {
    if (element.hasPointerCapture(event.pointerId)) seek(event);
  });
  // What a browser does by itself at the end of a touch comes right after it.
  element.addEventListener("lostpointercapture", () => setTimeout(() => pressed.delete(element)));
}

/** Returns how far along an element, 0 to 1, a point of the screen lies. */
export function shareAt(element, clientX) {
  const { left, width } = element.getBoundingClientRect();
  return Math.min(1, Math.max(0, (clientX - left) / (width || 1)));
}
