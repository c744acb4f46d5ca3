"""What the address of the Compare tab says, and the scripts that write it and listen to the keyboard."""

from ddpt_core.tuning.arm_names import ALL_ARMS, ARMS

RUN_AT_CTRL_ENTER = """
document.addEventListener("keydown", event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.closest("#compare")) {
    event.preventDefault();
    event.stopPropagation();
    document.querySelector("#compare-go").click();
  }
}, true);
"""
EXAMPLE_IN_ADDRESS = """example => {
  const address = new URL(location.href);
  if (example.startsWith("file/")) address.searchParams.delete("example");
  else address.searchParams.set("example", example);
  history.replaceState(history.state, "", address);
}"""
ARMS_IN_ADDRESS = f"""arms => {{
  const address = new URL(location.href);
  const chosen = {list(ALL_ARMS)}.filter(arm => arms.includes(arm)).join(",");
  if (chosen && chosen !== "{",".join(ARMS)}") address.searchParams.set("arms", chosen);
  else address.searchParams.delete("arms");
  history.replaceState(history.state, "", address);
}}"""


def asked_arms(text: str) -> list[str]:
    """Returns the arms that an address names with commas, the usual ones if it names none that there is."""
    return [arm for arm in ALL_ARMS if arm in text.split(",")] or list(ARMS)
