// What can be taken away: the picture as PNG and SVG, the path as a film, every coordinate as CSV.

import { Field } from "./field.js";
import { Paths } from "./paths.js";
import { Spotlight } from "./spotlight.js";
import { SvgCanvas } from "./svg.js";
import { make, showBlanks, write } from "./tokens.js";
import { mapWords, wordsOf } from "./words.js";

const FOOTER = 64; // pixels below the picture, for what it shows in words
const FILM_SECONDS = 10;
const FILM_RATE = 25; // pictures a second
const FILM_TYPES = ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];

/** Offers a blob to the browser as a file. */
export function download(blob, name) {
  const link = make("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function fileName({ run, view }, ending) {
  return [run.meta.name, view.method, view.kind, "step" + view.step].join("-").replace(/[^\w.-]+/g, "_") + ending;
}

/** Writes below the picture what it shows: run, step, projection, kinds of token. */
function drawFooter(context, { run, view, palette }, top) {
  context.globalAlpha = 1;
  context.fillStyle = palette.ink;
  context.font = "13px " + palette.sans;
  context.fillText(run.meta.label + " · " + wordsOf(run, view.step) + " · " + view.kind, 14, top + 20);
  context.font = "11px " + palette.sans;
  context.fillText(mapWords(run, view), 14, top + 38);
  let left = 14;
  run.kindNames.forEach((name, kind) => {
    if (view.hidden.has(kind)) return;
    context.fillStyle = palette.kinds[kind];
    context.fillRect(left, top + 47, 8, 8);
    context.fillStyle = palette.ink;
    context.fillText(name, left + 12, top + 55);
    left += 26 + context.measureText(name).width;
  });
}

/** Puts the layers that are on the screen, and the words, onto one canvas; `canvas` is used again if given. */
function composed(viewer, canvas = make("canvas")) {
  const layers = viewer.root.querySelectorAll(".layer");
  const density = window.devicePixelRatio || 1;
  const [width, height] = [layers[0].width, layers[0].height + Math.round(FOOTER * density)];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalAlpha = 1;
  context.fillStyle = viewer.palette.ground;
  context.fillRect(0, 0, width, height);
  for (const layer of layers) context.drawImage(layer, 0, 0);
  context.scale(density, density);
  drawFooter(context, viewer, layers[0].height / density);
  return canvas;
}

export function savePicture(viewer) {
  composed(viewer).toBlob((blob) => download(blob, fileName(viewer, ".png")), "image/png");
}

export function saveSvg(viewer) {
  const { run, view, camera, palette, second } = viewer;
  const canvas = new SvgCanvas(camera.width, camera.height + FOOTER);
  canvas.fillStyle = palette.ground;
  canvas.fillRect(0, 0, camera.width, camera.height + FOOTER);
  const field = new Field(canvas);
  field.draw(run, view, camera, palette);
  new Paths(canvas, canvas).draw(run, view, camera, palette, second);
  new Spotlight(canvas).draw(run, view, camera, palette, field);
  canvas.globalAlpha = 1;
  canvas.fillStyle = palette.ground;
  canvas.fillRect(0, camera.height, camera.width, FOOTER); // covers what reaches below the picture
  drawFooter(canvas, viewer, camera.height);
  download(canvas.blob(), fileName(viewer, ".svg"));
}

/** Plays the run from the noise to the end in ten seconds and saves it as a film; a second call ends it there. */
export class Film {
  constructor(viewer, button) {
    this.viewer = viewer;
    this.button = button;
    this.words = button.textContent;
    button.addEventListener("click", () => (this.recorder ? this.stop() : this.start()));
  }

  start() {
    const { viewer } = this;
    if (!viewer.run) return;
    const type = window.MediaRecorder && FILM_TYPES.find((name) => MediaRecorder.isTypeSupported(name));
    if (!type) return viewer.say("This browser cannot record films; save pictures of single steps instead.");
    viewer.go(0);
    const canvas = composed(viewer);
    const parts = [];
    this.recorder = new MediaRecorder(canvas.captureStream(FILM_RATE), { mimeType: type, videoBitsPerSecond: 6_000_000 });
    this.recorder.ondataavailable = ({ data }) => parts.push(data);
    this.recorder.onstop = () => {
      this.recorder = null;
      write(this.button, this.words);
      download(new Blob(parts, { type: "video/webm" }), fileName({ run: viewer.run, view: { ...viewer.view, step: "s" } }, ".webm"));
    };
    this.recorder.start();
    const began = performance.now();
    const frame = () => {
      if (!this.recorder || this.recorder.state !== "recording") return;
      const share = Math.min(1, (performance.now() - began) / 1000 / FILM_SECONDS);
      viewer.go(viewer.time.step(share));
      composed(viewer, canvas);
      write(this.button, "recording " + Math.round(100 * share) + " %, stop");
      if (share < 1) requestAnimationFrame(frame);
      else setTimeout(() => this.stop(), 400); // the end stays for a moment
    };
    requestAnimationFrame(frame);
  }

  stop() { if (this.recorder && this.recorder.state === "recording") this.recorder.stop(); }
}

/** Returns a text, as it is, as a field of a CSV file. */
export function csvText(text) { return '"' + text.replaceAll('"', '""') + '"'; }

/** Saves every step of every position: where it is in the projection and which token it is nearest to. */
export function saveTable({ run, view }) {
  const path = run.arrays[view.method + "." + view.kind];
  const width = path.shape[2];
  const axes = Array.from({ length: width }, (_, axis) => view.method + "_" + (axis + 1));
  const lines = [["step", "timestep", "noise_level", "position", ...axes, "token_id", "token", "similarity"].join(",")];
  for (let step = 0; step <= run.steps; step += 1) {
    for (let position = 0; position < run.positions; position += 1) {
      const start = (step * run.positions + position) * width;
      const id = run.topId(view.kind, step, position);
      lines.push([
        step, run.timestep(step), run.noise(step).toPrecision(6), position + 1,
        ...Array.from(path.values.subarray(start, start + width), (value) => value.toPrecision(6)),
        id, csvText(showBlanks(run.tokens[id])), run.score(view.kind, step, position).toFixed(4),
      ].join(","));
    }
  }
  download(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }), fileName({ run, view: { ...view, step: "s" } }, ".csv"));
}
