"""Colours, labels and page style: one grey family, one accent for "now", Okabe–Ito for kinds and arms.

Palette of kinds and arms: Okabe & Ito, "Color Universal Design", 2008; it stays readable with every common
form of colour blindness. Magnitudes use viridis (in the viewer's script).
"""

import gradio as gr

from app.page import glossary
from app.page.masthead import CSS as MASTHEAD_CSS
from ddpt_core.arms import ALL_ARMS

BLUE, SKY, GREEN, YELLOW = "#0072B2", "#56B4E9", "#009E73", "#F0E442"
ORANGE, VERMILLION, PURPLE, GREY = "#E69F00", "#D55E00", "#CC79A7", "#8A8F98"

# Kind of token -> colour; the order is the order of the legend and the number that a payload stores.
KIND_COLOURS = {
    "keyword": BLUE,
    "name": GREEN,
    "operator": VERMILLION,
    "number": PURPLE,
    "string": ORANGE,
    "white space": YELLOW,
    "special": "currentColor",
    "word piece": SKY,
    "other": GREY,
}

# The accent "now", and a second run laid over the first; not in Okabe–Ito, so that they are never a kind.
NOW_LIGHT, NOW_DARK = "#C4125A", "#FF5C93"
SECOND_LIGHT, SECOND_DARK = "#5B4BD6", "#B3A6FF"

SANS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Cantarell", "DejaVu Sans", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace"]


def build_theme() -> gr.themes.Base:
    """Returns the Gradio theme: neutral greys, system fonts (nothing is fetched), small radii."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.slate,
        secondary_hue=gr.themes.colors.slate,
        neutral_hue=gr.themes.colors.slate,
        font=SANS,
        font_mono=MONO,
        radius_size=gr.themes.sizes.radius_sm,
        spacing_size=gr.themes.sizes.spacing_sm,
    ).set(
        body_background_fill="#FBFBFC",
        body_background_fill_dark="#0E1116",
        background_fill_primary="#FFFFFF",
        background_fill_primary_dark="#151A21",
        background_fill_secondary="#F4F5F7",
        background_fill_secondary_dark="#1B212A",
        block_background_fill="*background_fill_primary",
        block_background_fill_dark="*background_fill_primary",
        input_background_fill="#F4F5F7",
        input_background_fill_dark="#1B212A",
        checkbox_label_background_fill="*background_fill_secondary",
        checkbox_label_background_fill_dark="*background_fill_secondary",
        button_secondary_background_fill="#ECEEF1",
        button_secondary_background_fill_dark="#242B35",
        button_secondary_background_fill_hover="#E1E4E8",
        button_secondary_background_fill_hover_dark="#2F3844",
        border_color_primary="#E1E4E8",
        border_color_primary_dark="#2A323D",
        body_text_color="#1C2128",
        body_text_color_dark="#E4E8EE",
        body_text_color_subdued="#5A6472",
        body_text_color_subdued_dark="#98A2B0",
        button_primary_background_fill="#1C2128",
        button_primary_background_fill_dark="#E4E8EE",
        button_primary_background_fill_hover="#39414D",
        button_primary_background_fill_hover_dark="#FFFFFF",
        button_primary_text_color="#FFFFFF",
        button_primary_text_color_dark="#12161C",
    )


def build_css() -> str:
    """Returns the page's CSS: the palette as variables, for both themes, and the frame around the tabs."""
    kinds = "".join(f"--kind-{kind.replace(' ', '-')}:{colour};" for kind, colour in KIND_COLOURS.items())
    arms = "".join(f"--arm-{arm.name}:{arm.colour};" for arm in ALL_ARMS.values())
    light = f":root{{{kinds}{arms}--now:{NOW_LIGHT};--second:{SECOND_LIGHT};}}"
    dark = f".dark{{--now:{NOW_DARK};--second:{SECOND_DARK};}}"
    return f"{light}\n{dark}\n{MASTHEAD_CSS}\n{glossary.CSS}\n{_FRAME_CSS}"


_FRAME_CSS = """
.gradio-container { overflow: clip !important; max-width: 1760px !important; width: 100%; margin: 0 auto !important;
  padding: 0 !important; }
.gradio-container .main.app { padding: 0 !important; }
main.contain { position: relative; }
.gradio-container main { padding: 6px 18px 10px !important; gap: 4px; }
.gradio-container .tabs, .gradio-container .tabitem > .column { gap: 6px; }
.gradio-container .tabitem { padding: 4px 0 0 !important; border: 0 !important; }
.gradio-container .html-container { padding: 0 !important; }
.gradio-container .html-container.pending { opacity: 1 !important; }
.gradio-container button[role=tab].selected { color: var(--body-text-color); }
#new-run { display: none; align-items: end; gap: 10px; padding: 10px 12px; flex-wrap: wrap;
  border: 1px solid var(--border-color-primary); border-radius: var(--radius-md);
  background: var(--background-fill-secondary); }
#new-run.open { display: flex; }
#new-run > * { flex: 1 1 130px; min-width: 120px !important; }
#new-run button { max-width: 150px; }
#new-run > #new-run-status { flex: 1 1 100%; }
#new-run > #new-run-preview, #new-run > #eight { flex: 1 1 100%; }
#new-run > .form { flex: 8 1 300px; }
#new-run-preview svg { width: 400px; max-width: 100%; aspect-ratio: 8 / 5; }
.tabitem > .column:has(> #new-run) { position: relative; }
#new-run, #runs-panel { position: absolute; left: 0; right: 0; width: auto; margin-top: 5px; z-index: 4; }
#runs-panel { border: 1px solid var(--border-color-primary) !important; padding: 0 10px 6px !important; }
#runs-panel:has(> button:not(.open)) { display: none; }
#runs-panel > button { padding: 5px 0; font-size: 13px; }
#runs-panel > button:focus-visible { outline: 2px solid var(--now); outline-offset: 2px; }
.run-status { font-size: 13px; color: var(--body-text-color-subdued); font-variant-numeric: tabular-nums;
  min-height: 20px; display: flex; align-items: center; gap: 10px; }
.run-status progress { appearance: none; height: 5px; width: 220px; max-width: 40vw; border: 0;
  border-radius: 3px; overflow: hidden; background: var(--border-color-primary); }
.run-status progress::-webkit-progress-bar { background: var(--border-color-primary); }
.run-status progress::-webkit-progress-value { background: var(--now); }
.run-status progress::-moz-progress-bar { background: var(--now); }
.run-status.failed { color: var(--now); }
.run-status span { min-width: 0; overflow-wrap: anywhere; }
.run-status code { font: 12px var(--font-mono); padding: 1px 4px; border-radius: 3px;
  background: var(--background-fill-secondary); }
.task-file { align-items: center; flex-wrap: wrap; gap: 4px 12px; }
.setting:not(.changed) .icon-button-wrapper { display: none; }
.setting.changed { border-color: var(--now) !important; box-shadow: inset 3px 0 0 var(--now) !important; }
.setting.changed .icon-button-wrapper { z-index: 41; }
.setting.changed [data-testid=block-info] { padding-right: 44px; color: var(--body-text-color); }
.setting .custom-button { color: var(--body-text-color); }
.setting .custom-button:focus-visible { outline: 2px solid var(--now); outline-offset: -2px; }
.rows-heading { font-size: 16px; font-weight: 600; margin: 14px 0 0; color: var(--body-text-color); }
.rows-heading.study-heading { font-size: 20px; letter-spacing: -.01em; margin-top: 30px; }
footer { padding: 4px 0 !important; margin: 0 !important; }
@media (max-width: 640px) {
  .masthead a, .masthead span { display: none; }
  button[role=tab] { padding: 0 9px !important; }
  main.contain { position: relative; }
  #evaluate-status, #train-status { flex: 1 1 100% !important; min-width: 100% !important; }
.gradio-container main { padding: 4px 8px 10px !important; }
}
"""
