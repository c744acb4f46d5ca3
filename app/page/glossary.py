"""What only insiders know, in a sentence each, told where a word is pointed at, focused or touched.

A word of the page is explained where it stands in an element with `data-word` (several with commas between), or where
it is the whole label of a field.
"""

import json

WORDS = {
    "state": "What the vectors are now: the noisy context that the reverse diffusion moves, step by step.",
    "estimate": "Where the denoiser thinks the vectors will end, judged from the state at this step.",
    "x̂₀": "The denoiser’s estimate of the clean vectors x₀, from the noisy ones at a timestep.",
    "timestep": "The time of the diffusion at a step: 2,000 is pure noise, 0 the end; few steps leap over many.",
    "trustworthiness": "How far neighbours in the picture are so in truth; 1 if all are (Venna & Kaski, 2001).",
    "lock-in": "The step since which a position has kept its nearest token, up to the end.",
    "nats": "The unit of a loss in natural logarithms: one less, and the text is e = 2.72 times as likely.",
    "guidance": "How strongly a run follows its style: 0 not at all, 1 as the denoiser learned it, more exaggerates.",
    "library": "The prompts that were tuned to one style each, from several seeds; the denoiser learns where they lie.",
}

CSS = """
dfn[data-word] { font-style: normal; text-decoration: underline dotted; text-underline-offset: 3px;
  cursor: help; }
.meaning { position: fixed; z-index: 60; max-width: min(340px, calc(100vw - 16px)); padding: 6px 10px;
  pointer-events: none; font: 13px/1.4 var(--font); color: var(--body-text-color);
  background: var(--background-fill-primary);
  border: 1px solid var(--border-color-primary); border-radius: 6px; box-shadow: 0 2px 12px rgb(0 0 0 / .16); }
.meaning p { margin: 0; }
.meaning b { margin-right: 6px; }
"""

_SCRIPT = """
const MEANINGS = WORDS;
const meaning = document.createElement("div");
Object.assign(meaning, { className: "meaning", id: "meaning", hidden: true });
meaning.setAttribute("role", "tooltip");
document.body.append(meaning);
let explaining = null, explainSoon = 0;
function wordsOf(node) {
  return (node.dataset.word || node.textContent.trim().toLowerCase()).split(",").filter((word) => word in MEANINGS);
}
function explainNothing() {
  clearTimeout(explainSoon);
  if (explaining) explaining.removeAttribute("aria-describedby");
  explaining = null;
  meaning.hidden = true;
}
function explain(node, wait = 0) {
  if (node === explaining) return;
  explainNothing();
  const words = node ? wordsOf(node) : [];
  if (!words.length) return;
  explainSoon = setTimeout(() => {
    explaining = node;
    meaning.replaceChildren(...words.map((word) => {
      const line = document.createElement("p");
      const name = document.createElement("b");
      name.textContent = word;
      line.append(name, MEANINGS[word]);
      return line;
    }));
    meaning.hidden = false;
    node.setAttribute("aria-describedby", "meaning");
    const { left, top, bottom } = node.getBoundingClientRect();
    const below = bottom + 6 + meaning.offsetHeight < innerHeight;
    meaning.style.left = Math.max(8, Math.min(left, innerWidth - meaning.offsetWidth - 8)) + "px";
    meaning.style.top = (below ? bottom + 6 : top - meaning.offsetHeight - 6) + "px";
  }, wait);
}
const explainable = (target) => target.closest && target.closest("[data-word], [data-testid=block-info]");
document.addEventListener("pointerover", ({ target, pointerType }) => {
  if (pointerType === "mouse") explain(explainable(target), 300);
});
document.addEventListener("focusin", ({ target }) => target.matches(":focus-visible") && explain(explainable(target)));
document.addEventListener("focusout", explainNothing);
document.addEventListener("click", ({ target, pointerType }) => {
  if (pointerType !== "mouse") explain(explainable(target));
});
document.addEventListener("keydown", ({ key }) => key === "Escape" && explainNothing());
document.addEventListener("scroll", explainNothing, true);
"""
SCRIPT = _SCRIPT.replace("WORDS", json.dumps(WORDS, ensure_ascii=False))
