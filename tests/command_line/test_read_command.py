"""`read`: every way answers with the keys it promises, at the step asked for; bad questions are one line."""

import pytest

KEYS = {
    "layers": {"positions", "note"},
    "effect": {"kl", "kl_ci95", "tokens", "path", "appears", "locks_in"},
    "words": {"frames", "check"},
    "ablation": {"positions", "whole", "manual", "style"},
}


@pytest.mark.parametrize("how", KEYS)
def test_a_reading_tells_step_finding_and_caveat(how, told, command, run_folder, data_file, monkeypatch):
    monkeypatch.setattr("ddpt_core.interpret.ablation.WRITTEN", 1)
    asked = ["read", run_folder, "--step", -4, "--how", how, "--data", data_file, "--limit", 1, "--k", 3]
    result = told(*asked)
    assert (result["step"], result["of"], result["how"]) == (7, "estimate", how)
    assert KEYS[how] <= result.keys() and result["said"] and result["caveat"]
    code, out, _ = command(*asked)
    lines = out.splitlines()
    assert code == 0 and lines[0].startswith("step 7 of 10, t = 6, estimate")
    assert lines[-2] == result["said"] and lines[-1] == f"({result['caveat']})"


def test_a_reading_of_the_state_and_one_instruction_is_another(told, run_folder):
    asked = ["read", run_folder, "--step", 2, "--how", "effect", "--instruction", "sort list `a`"]
    state, estimate = (told(*asked, "--of", of) for of in ("state", "estimate"))
    assert state["instructions"] == estimate["instructions"] == 1 and state["kl_ci95"] is None
    assert state["kl"] != estimate["kl"] and 2 in [row["step"] for row in state["path"]]


def test_what_cannot_be_read_is_refused_in_one_line(refused, run_folder):
    asked = ["read", run_folder, "--how"]
    assert refused(*asked, "aura") == "Unknown way to read 'aura'; choose one of ablation, effect, layers, words."
    assert refused(*asked, "words", "--step", 11) == "step must be from -11 to 10, got 11."
    assert "choose one of estimate, state" in refused(*asked, "words", "--of", "noise")
    assert "have a reference" in refused(*asked, "ablation", "--instruction", "sort list `a`")
    for how in ("layers", "effect"):
        assert refused(*asked, how, "--k", 301) == "k must be from 1 to 300, got 301."
    assert "instruction is empty" in refused(*asked, "effect", "--instruction", " ")
