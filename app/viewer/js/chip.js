// A token in a chip: its text with blanks shown, and an edge in the colour of its kind.

import { make, showBlanks, thousands } from "./tokens.js";

export function chip(run, id, extra = "") {
  const node = make("span", "chip " + extra);
  dress(node, run, id, true);
  return node;
}

/** Returns a chip that selects its token when pressed; it can be dressed later. */
export function chipButton(viewer, id = -1) {
  const node = make("button", "chip");
  node.type = "button";
  node.addEventListener("click", () => viewer.select(node.tokenId));
  if (id >= 0) dress(node, viewer.run, id, true);
  return node;
}

/** Makes a chip show the token `id`. The edge is a node of its own, since a change of the chip's own style costs ten times that. */
export function dress(node, run, id, titled = false) {
  if (node.tokenId === id && node.tokensOf === run.tokens) return;
  if (!node.edge) {
    node.edge = make("i", "edge");
    node.replaceChildren(node.edge, "");
  }
  node.tokenId = id;
  node.tokensOf = run.tokens;
  node.lastChild.data = showBlanks(run.tokens[id]);
  const kind = run.kinds[id];
  if (node.edge.kind !== kind) node.edge.style.background = kindColour(run, (node.edge.kind = kind));
  if (titled) entitle(node, run);
}

/** Says on hover what the chip's token is. */
export function entitle(node, run) {
  node.title = run.kindNames[run.kinds[node.tokenId]] + ", id " + thousands.format(node.tokenId);
}

/** Returns the CSS colour of a kind of token. */
export function kindColour(run, kind) { return "var(--kind-" + run.kindNames[kind].replace(" ", "-") + ")"; }
