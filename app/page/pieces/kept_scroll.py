"""The script that keeps a part of a gr.HTML where a reader has scrolled it: every new value puts new elements there."""

SCRIPT = """
{
  const kept = { box: null, left: 0, top: 0, focused: false };
  element.addEventListener("scroll", event => {
    if (event.target === kept.box) [kept.left, kept.top] = [kept.box.scrollLeft, kept.box.scrollTop];
  }, true);
  element.addEventListener("focusin", event => { kept.focused = event.target === kept.box; });
  element.addEventListener("focusout", event => { if (event.relatedTarget) kept.focused = false; });
  const put = () => {
    const box = element.querySelector("SELECTOR");
    if (!box || box === kept.box) return;
    kept.box = box;
    box.scrollTo(kept.left, kept.top);
    if (kept.focused && document.activeElement === document.body) box.focus({ preventScroll: true });
  };
  new MutationObserver(put).observe(element, { childList: true, subtree: true });
  put();
}
"""


def keep_scroll(selector: str) -> str:
    """Returns the script for the one element that `selector` finds; it also keeps the focus there."""
    return SCRIPT.replace("SELECTOR", selector)
