"""The tables between the marks of a README, and what goes into the assets."""

import json

import pytest

from ddpt_core.__main__ import main
from ddpt_core.errors import ArtifactError
from ddpt_core.prompts.checkpoint import load_prompt
from ddpt_core.study.shipping import ship, write_readme

MARKED = "# Title\n\nbefore\n\n<!-- study -->\nstale\n<!-- /study -->\n\nafter\n"


def test_readme_changes_between_the_marks_and_nowhere_else(studied, tmp_path):
    path = tmp_path / "README.md"
    path.write_text(MARKED)
    for _ in range(2):  # the second time it replaces the first
        write_readme(path, studied[1])
        text = path.read_text()
        assert text.startswith("# Title\n\nbefore\n\n<!-- study -->\n\n| Dev part") and "stale" not in text
        assert text.endswith("\n<!-- /study -->\n\nafter\n") and text.count("| no context |") == 2
        assert "    python -m ddpt_core study\n" in text


@pytest.mark.parametrize("text", ["none", "<!-- study -->", "<!-- /study --><!-- study -->", MARKED + MARKED])
def test_readme_without_its_marks_is_refused_before_the_study_runs(text, plan_file, data_root, tmp_path, capsys):
    path = tmp_path / "README.md"
    path.write_text(text)
    arguments = ["study", str(plan_file()), "--out", str(tmp_path / "out"), "--data-root", str(data_root)]
    assert main([*arguments, "--readme", str(path)]) == 2
    assert "must hold the lines <!-- study -->" in capsys.readouterr().err
    assert path.read_text() == text and not (tmp_path / "out").exists()
    with pytest.raises(ArtifactError, match="cannot be read"):
        write_readme(tmp_path / "none.md", {})


def test_part_of_a_study_and_one_of_another_backbone_are_not_shipped(plan_file, data_root, tmp_path, capsys):
    arguments = ["study", str(plan_file()), "--out", str(tmp_path / "out"), "--data-root", str(data_root), "--ship"]
    for more in ([], ["--limit", "3"]):  # the plan of the tests names a tiny backbone
        assert main([*arguments, *more]) == 2
        assert "Only a whole study of one part on the embedded backbone can be shipped" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_assets_get_the_results_with_a_card_and_each_arms_first_prompt(studied, tiny, tmp_path):
    out, results, _ = studied
    ship(results, out, tmp_path)
    assert json.loads((tmp_path / "comparison" / "results.json").read_text()) == results
    card = (tmp_path / "comparison" / "README.md").read_text()
    assert "| no context |" in card and "python -m ddpt_core study" in card and tiny.sha256[:12] in card
    assert sorted(folder.name for folder in (tmp_path / "prompts").iterdir()) == ["ddpt", "prompt-tuning"]
    for arm in ("ddpt", "prompt-tuning"):
        prompt = load_prompt(tmp_path / "prompts" / arm, tiny)
        choice = results["parts"][0]["choices"][arm]
        chosen = choice["rates"][choice["chosen"]]["lr"]
        assert prompt.arm == arm and (prompt.info["config"]["seed"], prompt.info["config"]["lr"]) == (0, chosen)
        assert (tmp_path / "prompts" / arm / "README.md").is_file()


def test_prompt_that_is_gone_is_told_and_nothing_is_shipped(studied, tmp_path):
    with pytest.raises(ArtifactError, match="cannot be read"):
        ship(studied[1], tmp_path / "elsewhere", tmp_path / "assets")
    assert not (tmp_path / "assets").exists()
