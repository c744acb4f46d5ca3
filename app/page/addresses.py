"""The addresses that scripts of the page ask: paths of the server's, at the origin that the page itself came from.

Behind a proxy the server knows its own path, but neither the port nor whether the page came by HTTPS: from the scheme
and host of what it calls its root, or writes into a file's address, nothing may be fetched.
"""

from pathlib import Path

SCRIPT = (Path(__file__).parent / "addresses.js").read_text(encoding="utf-8").replace("export ", "")

# Saves the file that a hidden component got; the browser asks for it by itself.
SAVE = f"""(file) => {{
  if (!file) return;
  {SCRIPT}
  const link = document.createElement("a");
  link.href = atThisOrigin(file.url);
  link.download = file.orig_name || "run.zip";
  link.click();
}}"""

STUDY = "study"  # in an address: the study that is read
# Gradio also selects the first page when the tab is built: that is nobody's choice, and the studies have not been seen.
NO_STUDY = f"""() => {{
  if (!document.querySelector("#studies-list button")) return;
  const address = new URL(location.href);
  address.searchParams.delete("{STUDY}");
  history.replaceState(history.state, "", address);
}}"""


def to_tab(name: str, drop: str = "", then: str = "") -> str:
    """Returns the script that opens the tab of this name in addresses, at its top.

    drop: what is first taken out of the address. then: JavaScript that is run once the tab was asked for.
    """
    forget = f'address.searchParams.delete("{drop}"); history.replaceState(history.state, "", address);' * bool(drop)
    return f"""() => {{
  const address = new URL(location.href);
  {forget}
  document.querySelector("button[role=tab][data-tab-id={name}]").click();
  scrollTo(0, 0);
  {then}
}}"""
