// What can be taken away: the picture as PNG and SVG, the path as a film, every coordinate as CSV.

import { Field } from "./field.js";
import { Paths } from "./paths.js";
import { drawWords, wordsHeight } from "./saved_words.js";
import { Spotlight } from "./spotlight.js";
import { SvgCanvas } from "./svg.js";
import { make, showBlanks, write } from "./tokens.js";

const DENSITY = 2; // of a saved picture: pixels for one of the screen's, at least
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

/** Puts layers and the words below them onto one canvas; `canvas` is used again if given. */
function composed(viewer, layers, density, canvas = make("canvas")) {
  const below = wordsHeight(viewer);
  const [width, height] = [layers[0].width, layers[0].height + Math.round(below * density)];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.globalAlpha = 1;
  context.fillStyle = viewer.palette.ground;
  context.fillRect(0, 0, width, height);
  for (const layer of layers) context.drawImage(layer, 0, 0);
  context.scale(density, density);
  drawWords(context, viewer, layers[0].height / density);
  return canvas;
}

/** Puts the layers that are on the screen, and the words, onto one canvas. */
function onScreen(viewer, canvas) { return composed(viewer, [...viewer.root.querySelectorAll(".layer")], window.devicePixelRatio || 1, canvas); }

/** Draws the picture anew, each of its layers onto what `layer` returns for it. */
function drawAnew({ run, view, palette, second }, camera, layer) {
  const field = new Field(layer());
  field.draw(run, view, camera, palette);
  new Paths(layer(), layer()).draw(run, view, camera, palette, second);
  new Spotlight(layer()).draw(run, view, camera, palette, field);
}

export function savePicture(viewer) {
  const density = Math.max(DENSITY, window.devicePixelRatio || 1);
  const layers = [];
  drawAnew(viewer, viewer.camera.dense(density), () => { layers.push(make("canvas")); return layers.at(-1); });
  composed(viewer, layers, density).toBlob((blob) => download(blob, fileName(viewer, ".png")), "image/png");
}

export function saveSvg(viewer) {
  const { camera, palette } = viewer;
  const below = wordsHeight(viewer);
  const canvas = new SvgCanvas(camera.width, camera.height + below);
  canvas.fillStyle = palette.ground;
  canvas.fillRect(0, 0, camera.width, camera.height + below);
  drawAnew(viewer, camera, () => canvas);
  canvas.globalAlpha = 1;
  canvas.fillStyle = palette.ground;
  canvas.fillRect(0, camera.height, camera.width, below); // covers what reaches below the picture
  drawWords(canvas, viewer, camera.height);
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
    const canvas = onScreen(viewer);
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
      onScreen(viewer, canvas);
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
