// The picture as PNG, and what is in it as CSV.

/** Offers a blob to the browser as a file. */
function download(blob, name) {
  const link = make("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function fileName(run, view, ending) {
  return [run.meta.name, view.method, view.kind, "step" + view.step].join("-").replace(/[^\w.-]+/g, "_") + ending;
}

/** Saves both layers with a line below that says what is shown. */
function savePicture(run, view, layers, palette, mapWords) {
  const density = window.devicePixelRatio || 1;
  const [width, height] = [layers[0].width, layers[0].height];
  const footer = Math.round(64 * density);
  const canvas = make("canvas");
  [canvas.width, canvas.height] = [width, height + footer];
  const context = canvas.getContext("2d");
  context.fillStyle = palette.ground;
  context.fillRect(0, 0, canvas.width, canvas.height);
  for (const layer of layers) context.drawImage(layer, 0, 0);
  context.scale(density, density);
  context.fillStyle = palette.ink;
  context.font = "13px " + palette.sans;
  const below = height / density;
  context.fillText(run.meta.label + " · " + wordsOf(run, view.step) + " · " + view.kind, 14, below + 20);
  context.font = "11px " + palette.sans;
  context.fillText(mapWords, 14, below + 38);
  let left = 14;
  run.kindNames.forEach((name, kind) => {
    if (view.hidden.has(kind)) return;
    context.fillStyle = palette.kinds[kind];
    context.fillRect(left, below + 47, 8, 8);
    context.fillStyle = palette.ink;
    context.fillText(name, left + 12, below + 55);
    left += 26 + context.measureText(name).width;
  });
  canvas.toBlob((blob) => download(blob, fileName(run, view, ".png")), "image/png");
}

/** Saves every step of every position: where it is in the projection and which token it is nearest to. */
function saveTable(run, view) {
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
        id, JSON.stringify(showBlanks(run.tokens[id])).replace(/\\"/g, '""'), run.score(view.kind, step, position).toFixed(4),
      ].join(","));
    }
  }
  download(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }), fileName(run, { ...view, step: "s" }, ".csv"));
}
