// The colours of the page, as canvases need them.

/** Returns the colours of the theme that is on. */
export function readPalette(root, run) {
  const style = getComputedStyle(root);
  const read = (name) => style.getPropertyValue(name).trim();
  const ink = read("--body-text-color");
  const kinds = run.kindNames.map((name) => read("--kind-" + name.replace(" ", "-")));
  return {
    ink,
    ground: read("--background-fill-primary"),
    now: read("--now"),
    second: read("--second"),
    manual: read("--arm-manual"),
    tuned: read("--arm-prompt-tuning"),
    mono: style.getPropertyValue("--font-mono") || "monospace",
    sans: style.getPropertyValue("--font") || "sans-serif",
    kinds: kinds.map((colour) => (colour === "currentColor" ? ink : colour)),
  };
}
