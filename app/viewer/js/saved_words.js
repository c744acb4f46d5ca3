// What stands below a saved picture: its run and step, the projection, a legend of its marks and of its kinds of token.

import { cross, diamond, dot, ring, square, triangle } from "./shapes.js";
import { mapWords, wordsOf } from "./words.js";

const [MARGIN, LINE, GAP] = [14, 18, 22]; // pixels: at the sides, of a line, between two entries of a legend

// The marks of the picture: what each is called, whether it is there, and its shape.
const MARKS = [
  { name: "noise", draw: (context, x, y) => { context.lineWidth = 1.3; cross(context, x, y); } },
  { name: "now", draw: (context, x, y, palette) => dot(context, x, y, 4, palette.now, palette.ground) },
  { name: "end", draw: (context, x, y, palette) => ring(context, x, y, 5, palette.ink, 1.3) },
  { name: "manual context", on: ({ run, view }) => run.has(view.method + ".manual"), draw: outlined("manual", square) },
  { name: "prompt tuning", on: ({ run, view }) => run.has(view.method + ".tuned"), draw: outlined("tuned", triangle) },
  { name: "second run", on: ({ run, view, second }) => second.isOn(run, view), draw: filled("second", diamond) },
];

function outlined(colour, shape) {
  return (context, x, y, palette) => {
    [context.strokeStyle, context.lineWidth] = [palette[colour], 1.6];
    shape(context, x, y);
  };
}

function filled(colour, shape) {
  return (context, x, y, palette) => {
    context.fillStyle = palette[colour];
    shape(context, x, y);
  };
}

/** Returns how many pixels `drawWords` needs below a picture of the viewer's width. */
export function wordsHeight(viewer) { return layOut(viewer).height; }

/** Writes onto a canvas, from `top` on, what the viewer's picture shows. */
export function drawWords(context, viewer, top) {
  const { palette } = viewer;
  for (const { font, x, y, text, draw } of layOut(viewer).entries) {
    context.globalAlpha = 1;
    context.strokeStyle = palette.ink;
    if (draw) draw(context, x + 5, top + y - 4, palette);
    context.font = font;
    context.fillStyle = palette.ink;
    context.fillText(text, draw ? x + 15 : x, top + y);
  }
}

/** Returns {entries, height}: every piece of text, some with a mark before it, where it stands; lines break at the width. */
function layOut(viewer) {
  const { run, view, camera, palette, second } = viewer;
  const ruler = document.createElement("canvas").getContext("2d");
  const [large, small] = ["13px " + palette.sans, "11px " + palette.sans];
  const entries = [];
  let [left, y] = [MARGIN, 2];
  const line = (step = LINE) => { [left, y] = [MARGIN, y + step]; };
  const put = (font, text, gap, draw) => {
    ruler.font = font;
    const width = ruler.measureText(text).width + (draw ? 15 : 0);
    if (left > MARGIN && left + width > camera.width - MARGIN) line();
    entries.push({ font, x: left, y, text, draw });
    left += width + gap;
  };
  const sentence = (font, text) => {
    ruler.font = font;
    let before = "";
    for (const word of text.split(" ")) {
      const longer = before ? before + " " + word : word;
      if (before && MARGIN + ruler.measureText(longer).width > camera.width - MARGIN) {
        put(font, before, GAP);
        before = word;
      } else before = longer;
    }
    put(font, before, GAP);
  };
  line();
  sentence(large, run.meta.label + " · " + wordsOf(run, view.step) + " · " + view.kind);
  line();
  sentence(small, mapWords(run, view));
  line(LINE + 2);
  for (const { name, on, draw } of MARKS) if (!on || on(viewer)) put(small, name === "second run" ? second.run.meta.label : name, GAP, draw);
  line();
  run.kindNames.forEach((name, kind) => {
    if (view.hidden.has(kind)) return;
    put(small, name, GAP, (context, x, at) => {
      context.fillStyle = palette.kinds[kind];
      context.fillRect(x - 4, at - 4, 8, 8);
    });
  });
  return { entries, height: y + 10 };
}
