"""What the address of the Compare tab says, and the scripts that write it and listen to the keyboard."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.compare.boards.columns import columns_of, contexts_of, seeds_of
from ddpt_core.arms import ALL_ARMS, ARMS
from ddpt_core.errors import DDPTError

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
TEXT_IN_ADDRESS = """text => {
  const address = new URL(location.href);
  const given = (text ?? "").trim();
  if (given && given !== "USUAL") address.searchParams.set("NAME", given);
  else address.searchParams.delete("NAME");
  history.replaceState(history.state, "", address);
}"""
SEEDS_IN_ADDRESS = TEXT_IN_ADDRESS.replace("NAME", "seeds").replace("USUAL", "0")
CONTEXTS_IN_ADDRESS = TEXT_IN_ADDRESS.replace("NAME", "context").replace("USUAL", "")
NOT_TAKEN = "The address was not taken as it is: "


@dataclass(frozen=True)
class Asked:
    """The columns that an address asks for, as the form's fields hold them; `note` says what was not taken of it."""

    arms: list[str]
    seeds: str = "0"
    typed: str = ""
    note: str = ""


def asked_columns(query: Mapping[str, str]) -> Asked | None:
    """Returns what `arms`, `seeds` and `context` (a line for each) ask for, None if the address has none of them."""
    if not {"arms", "seeds", "context"} & set(query):
        return None
    arms = asked_arms(query.get("arms", ""))
    seeds, typed = query.get("seeds", "0"), query.get("context", "")
    try:
        columns_of(arms, seeds_of(seeds), contexts_of(typed))
    except DDPTError as error:
        return Asked(arms, note=f"{NOT_TAKEN}{error}")
    return Asked(arms, seeds, typed)


def asked_arms(text: str) -> list[str]:
    """Returns the arms that an address names with commas, the usual ones if it names none that there is."""
    return [arm for arm in ALL_ARMS if arm in text.split(",")] or list(ARMS)
