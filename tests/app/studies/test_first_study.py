"""The study that the form begins with: it runs in a fresh clone, on what the project ships, at the form's defaults."""

import pytest

from app.studies import study_file
from app.studies.form import file_choices
from app.studies.studies import Studies
from app.studies.study_file import FIRST, wanted_study
from ddpt_core.data.readers import OWN_TASKS
from ddpt_core.errors import ConfigError
from ddpt_core.study.plan_file import read_study


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
