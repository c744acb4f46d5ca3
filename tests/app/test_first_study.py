"""The study that the form begins with: it runs in a fresh clone, on what the project ships, at the form's defaults."""

import pytest

from app import study_file
from app.services import Services
from app.studies import Studies
from app.study_file import FIRST, wanted_study
from app.tabs.study_form import file_choices
from ddpt_core.backbone import registry
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.readers import OWN_TASKS
from ddpt_core.errors import ConfigError
from ddpt_core.settings import DEFAULT_CONTEXT
from ddpt_core.study.plan_file import read_study
from recipes.corpus.tokenizer import train_tokenizer


@pytest.fixture
def fresh(answering, tiny, tmp_path, monkeypatch):
    """The services where there is no data folder, as in a fresh clone; the default backbone is the tiny T5.

    Its tokenizer knows the words of the default context, which so fits into the positions of a usual prompt.
    """
    monkeypatch.setattr(study_file, "DATA_FOLDER", str(tmp_path / "nowhere"))
    backbone = FrozenLM(registry.DEFAULT, tiny.model, train_tokenizer([DEFAULT_CONTEXT], vocabulary=300))
    monkeypatch.setattr(Services, "_backbone", lambda self, name=registry.DEFAULT: backbone)
    return Services(answering.cache)


def test_the_menu_begins_with_a_study_of_own_tasks_on_the_usual_backbone():
    (_, first), *others = file_choices()
    (plan,) = read_study(study_file.ready_files()[FIRST]).parts
    assert first == FIRST and [name for _, name in others] == sorted(name for _, name in others)
    assert all(source.startswith(OWN_TASKS) for source in (*plan.train, *(data.data for data in plan.data)))
    assert plan.backbone == type(plan).backbone and all(data.tests for data in plan.data)


@pytest.mark.parametrize("limit", [None, "", 0])
def test_an_empty_limit_means_all_tasks(limit):
    wanted = wanted_study(FIRST, limit=limit)
    assert wanted.limit is None and wanted.command == "python -m ddpt_core study studies/first.yaml --out DIR"


@pytest.mark.parametrize("limit", [-1, 1.5, "many"])
def test_a_limit_that_is_no_count_is_refused(limit):
    with pytest.raises(ConfigError, match="Limit must be"):
        wanted_study(FIRST, limit=limit)


def test_it_can_be_costed_without_any_data_folder(fresh):
    found = Studies(fresh).estimate(wanted_study(FIRST), lambda share, text: None)
    assert found["missing"] == {} and found["cells"] == 2 + 2 + 3 and found["seconds"] > 0


@pytest.mark.slow
def test_the_form_says_at_its_defaults_what_it_will_cost(fresh, launched, new_page):
    with launched(fresh) as address:
        page = new_page()
        page.goto(f"{address}/?tab=evaluate")
        page.get_by_role("tab", name="Studies").click()
        page.get_by_role("button", name="Start a study").click()
        assert page.locator("#study-file input").input_value().startswith("first · ")
        page.locator("#study-cost").click()
        page.locator("#study-start, #study-form-status .failed").first.wait_for()
        assert "Everything it needs is there" in page.inner_text("#study-form-status")
        assert page.locator("#study-start").is_visible() and page.failed == []
