"""The choice of arms, the same in every tab that lets arms write code: a box for each, and what each is."""

import gradio as gr

from app.page.pieces.code import escaped
from ddpt_core.arms import ALL_ARMS, ARMS

ON_HOVER = """
const notes = [...element.querySelectorAll("dd")].map(note => note.textContent);
document.addEventListener("pointerover", event => {
  const box = event.target.closest("#ELEMENT label");
  if (!box) return;
  const place = [...box.parentNode.querySelectorAll("label")].indexOf(box);
  box.title = box.querySelector("input").title = notes[place] ?? "";
});
"""
CSS = """
.about-arms { font: 13px/1.45 var(--font); color: var(--body-text-color-subdued); }
.about-arms summary { cursor: pointer; width: max-content; }
.about-arms dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 3px 14px; margin: 6px 0 4px; }
.about-arms dt { display: flex; align-items: baseline; gap: 7px; color: var(--body-text-color); }
.about-arms dt i { width: 10px; height: 10px; border-radius: 2px; background: var(--arm); }
.about-arms dd { margin: 0; }
@media (max-width: 640px) {
  .about-arms dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .about-arms dd { margin: 0 0 6px 17px; }
}
"""


def arm_boxes(elem_id: str, **layout: int) -> gr.CheckboxGroup:
    """Adds a box for every arm, those that are compared by default ticked."""
    choices = [(ALL_ARMS[arm].label, arm) for arm in ALL_ARMS]
    return gr.CheckboxGroup(choices, value=list(ARMS), label="Arms", elem_id=elem_id, **layout)


def about_arms(elem_id: str) -> gr.HTML:
    """Adds what each arm is, folded away, and shows it over the boxes of `elem_id` too."""
    return gr.HTML(arm_notes_html(), css_template=CSS, js_on_load=ON_HOVER.replace("ELEMENT", elem_id), padding=False)


def arm_notes_html() -> str:
    """Returns a line for every arm, in their order, as HTML."""
    rows = "".join(
        f'<dt style="--arm: var(--arm-{arm})"><i></i>{ALL_ARMS[arm].label}</dt><dd>{escaped(ALL_ARMS[arm].note)}</dd>'
        for arm in ALL_ARMS
    )
    return f'<details class="about-arms"><summary>What the arms are</summary><dl>{rows}</dl></details>'
