"""README says of the prompt with styles, and of the one by instruction, what the shipped results say."""

import json
from pathlib import Path

from ddpt_core.backbone.registry import ASSETS
from ddpt_core.prompts.checkpoint import load_prompt
from ddpt_core.steering.words import answer, found

README = " ".join((Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8").split())
STEERING = json.loads((ASSETS / "steering" / "results.json").read_text(encoding="utf-8"))
INSTRUCTED = json.loads((ASSETS / "instructed" / "results.json").read_text(encoding="utf-8"))


def test_readme_tells_what_the_study_of_steering_found():
    for sentence in [*found(STEERING["figures"]), answer(STEERING["figures"])]:
        assert " ".join(sentence.split()) in README


def test_the_study_is_of_the_prompt_that_ships_which_tells_the_same_of_itself():
    prompt = load_prompt(ASSETS / "prompts" / "distribution")
    assert STEERING["prompt"]["sha256"] == prompt.info["weights_sha256"]
    assert prompt.info["metrics"]["steering"] == STEERING["figures"]
    card = (prompt.folder / "README.md").read_text(encoding="utf-8")
    assert all(sentence in card for sentence in found(STEERING["figures"]))


def test_readme_tells_how_the_prompt_by_instruction_did():
    pair = next(one for one in INSTRUCTED["dev"]["pairs"] if one["against"] == "prompt-tuning")
    low, high = pair["ratio_ci95"]
    assert f"ratio {pair['ratio']:.2f} [{low:.2f}, {high:.2f}], corrected p {pair['p_corrected']:.2g}" in README
    assert ("does not beat prompt tuning" in README) == (pair["ratio"] < 1 or pair["p_corrected"] >= 0.05)
