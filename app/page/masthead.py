"""The line at the top of the page: its name, the switch between light and dark, and a word when the server is away.

At the foot stands where the default backbone is from, and under which licence.
"""

import gradio as gr

from app.page import addresses, glossary
from ddpt_core.backbone.fetch import ORIGIN

_HTML = """
<header class="masthead"><span>DDPT Explorer</span>
<a href="https://arxiv.org/abs/2504.04351" target="_blank" rel="noreferrer"
  title="Diffusion-Driven Prompt Tuning, the method">the method</a>
<button type="button" aria-label="Change between light and dark" title="Light or dark">◐</button></header>
<p class="server-away" role="alert" hidden></p>
"""
# The server's heartbeat is one request that stays open, so that nothing is asked while somebody works; the browser
# takes it up again by itself when it breaks.
_SCRIPT = """
element.querySelector("button").addEventListener("click", () => {
  const dark = document.body.classList.toggle("dark");
  const address = new URL(location.href);
  address.searchParams.set("__theme", dark ? "dark" : "light");
  history.replaceState(history.state, "", address);
});
const said = element.querySelector(".server-away");
const say = (text) => { said.textContent = text; said.hidden = !text; };
const AWAY = "The server does not answer. What is on the screen stays; trying again…";
const BACK = "The server answers again. Work that was under way is lost; ask for it once more.";
let away = false, beat = null, later = 0;
function listen() {
  beat = new EventSource(addressOf("gradio_api/heartbeat/page-" + Math.random().toString(36).slice(2)));
  beat.onmessage = () => {
    if (!away) return;
    away = false;
    say(BACK);
    window.dispatchEvent(new Event("server-back"));
    setTimeout(() => away || say(""), 8000);
  };
  beat.onerror = () => {
    away = true;
    say(AWAY);
    beat.close();
    clearTimeout(later);
    later = setTimeout(listen, 2000);
  };
}
listen();
addEventListener("pagehide", () => { clearTimeout(later); beat.onerror = null; beat.close(); });
addEventListener("pageshow", (event) => event.persisted && listen());
"""
CSS = """
#masthead { position: absolute; top: -1px; right: 18px; width: auto; z-index: 5; border: 0; background: none;
  padding: 0; overflow: visible; }
.masthead { display: flex; align-items: center; gap: 14px; font: 13px var(--font);
  color: var(--body-text-color-subdued); }
.masthead span { font-weight: 600; color: var(--body-text-color); }
.masthead a { color: inherit; }
.masthead button { font-size: 17px; line-height: 1; padding: 4px; border-radius: 4px; cursor: pointer; }
.masthead button:focus-visible { outline: 2px solid var(--now); }
.server-away { position: fixed; left: 50%; bottom: 14px; transform: translateX(-50%); z-index: 50; margin: 0;
  width: max-content; max-width: calc(100vw - 24px); padding: 8px 14px; border-radius: 8px; font: 13.5px var(--font);
  color: var(--body-text-color); background: var(--background-fill-primary); border: 1px solid var(--now);
  box-shadow: 0 2px 14px rgb(0 0 0 / .2); }
#origin { border: 0; background: none; padding: 0; }
.origin { margin: 0; text-align: center; font: 12px var(--font); color: var(--body-text-color-subdued); }
"""


def masthead() -> gr.HTML:
    """Adds the line to the page that is being built."""
    return gr.HTML(
        html_template=_HTML,
        js_on_load=addresses.SCRIPT + glossary.SCRIPT + _SCRIPT,
        apply_default_css=False,
        elem_id="masthead",
    )


def foot() -> gr.HTML:
    """Adds the line at the foot to the page that is being built."""
    return gr.HTML(f'<p class="origin">Default backbone: {ORIGIN}.</p>', apply_default_css=False, elem_id="origin")
