"""The studies' page without a browser: what is there, what may run and at what cost, and how one goes on."""

import json
import shutil
import time

import gradio as gr
import pytest

from app.main import build_app
from app.page.pieces.components import components_of
from app.page.stream import Cancelled
from app.studies import studies as module
from app.studies import study_file
from app.studies.figures.studies_list import estimate_html, list_html
from app.studies.form import file_choices
from app.studies.kept.study_folders import SHIPPED, StudyEntry
from app.studies.kept.study_parcels import KEPT, Parcels
from app.studies.kept.study_predictions import MAX_ROWS, Asked, StudyPredictions, orders, seeds_of
from app.studies.status import line_of
from app.studies.studies import Studies
from app.studies.study_file import DATA_FOLDER, MAX_BYTES, NOT_HERE, YOUR_FILE, ready_files, wanted_study
from app.studies.tab import lay_out
from app.studies.view import NO_PREDICTIONS, asked_of, predictions_of
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError, ConfigError, DataError, DDPTError
from ddpt_core.study.results import read_results

LONG = 60  # seconds that a tiny study may take on a busy machine


@pytest.fixture
def studies(answering):
    return Studies(answering)


@pytest.fixture
def page(answering):
    """The components of the studies' page."""
    with gr.Blocks():
        return lay_out(answering).page


@pytest.fixture
def view(page):
    return page.view


@pytest.fixture
def controls(page):
    return page.controls


@pytest.fixture
def wanted(study_yaml, study_data, tmp_path):
    """Returns the small study as it is wanted by somebody at this machine: wanted(text, limit=1)."""

    def ask(text=None, limit=1, folder=None):
        path = tmp_path / "mine.yaml"
        path.write_text(text or study_yaml)
        return wanted_study(YOUR_FILE, str(path), str(folder or study_data), limit, local=True)

    return ask


def silent(share, text):
    """Hears of progress and does nothing with it."""


def finished(run):
    assert run.ended.wait(LONG), run.text
    return run


def entry_of(folder):
    return StudyEntry(folder.name, folder)


def predictions(folder, part=0, data=0):
    entry = entry_of(folder)
    found = entry.results["parts"][part]
    return StudyPredictions(entry, found, found["data"][data])


def test_a_study_from_the_page_ends_in_the_results_that_the_core_writes(studies, wanted, small_study):
    asked = wanted()
    run = finished(studies.start(asked, "mine"))
    assert (run.outcome, run.sentence) == ("done", "")
    folder = registry.user_folder("studies") / "mine"
    results = read_results(folder / "results.json")
    assert results["limit"] == 1 and results["command"] == "python -m ddpt_core study mine.yaml --limit 1 --out DIR"
    whole = read_results(small_study / "results.json")
    assert [part["name"] for part in results["parts"]] == [part["name"] for part in whole["parts"]]
    assert results["parts"][0]["data"][0]["tasks"] == 1 and not results["parts"][0]["failed"]
    assert (folder / "report.html").is_file() and (folder / "mine.yaml").read_text() == asked.text
    (mine, *_) = studies.described()
    assert (mine["name"], mine["state"], mine["parts"], mine["failed"]) == ("mine", "finished", 2, 0)
    assert mine["cells"] == run.cells and "mine is done" in line_of(run)


def test_a_study_that_is_stopped_goes_on_and_redoes_nothing(studies, wanted, monkeypatch):
    told, hear = [], module.StudyRun.hear

    def stops_at_the_third_cell(run, moment):
        told.append(moment.name)
        if moment.cell == 3 and len(studies.there()) == 1 and not resumed:
            run.ask()
        hear(run, moment)

    resumed = []
    monkeypatch.setattr(module.StudyRun, "hear", stops_at_the_third_cell)
    run = finished(studies.start(wanted(), "mine"))
    assert run.outcome == "stopped" and not run.entry.finished
    made = {path: path.stat().st_mtime_ns for path in run.entry.folder.glob("cells/*/*/result.json")}
    assert len(made) >= 1 and f"{len(made)} cells are kept" in line_of(run)
    assert studies.described()[0]["state"] == "stopped"
    resumed.append(True)
    again = finished(studies.resume("mine", local=True))
    assert again.outcome == "done" and again.entry.finished
    assert {path: path.stat().st_mtime_ns for path in made} == made
    with pytest.raises(ArtifactError, match=r"There is no study 'other'; choose one of the list."):
        studies.resume("other")


def test_a_study_stopped_before_its_first_cell_leaves_nothing(studies, wanted, answering):
    with answering.model():
        run = studies.start(wanted(), "mine")
        assert "Waiting for other work" in wait_for(lambda: run.text, "Waiting")
        with pytest.raises(ConfigError, match=r"The study 'mine' is under way; cancel it or wait for its end."):
            studies.start(wanted(), "second")
        with pytest.raises(ConfigError, match=r"'mine' is under way; cancel it first"):
            studies.delete("mine")
        assert studies.described()[0]["state"] == "running"
        studies.ask()
        finished(run)
    assert run.outcome == "stopped" and module.TOO_EARLY in line_of(run) and studies.there() == {}
    with pytest.raises(ConfigError, match=r"No study is under way."):
        studies.ask()


def wait_for(look, word):
    end = time.monotonic() + LONG
    while word not in look() and time.monotonic() < end:
        time.sleep(0.02)
    return look()


def test_others_have_their_turn_at_the_model_while_a_study_runs(studies, wanted, answering):
    run = studies.start(wanted(), "mine")
    wait_for(lambda: run.text, "Cell")
    with answering.model():
        assert not run.ended.is_set()
    finished(run)


def test_failed_cells_are_told_and_can_be_tried_again(studies, wanted, study_data, tmp_path, monkeypatch, page):
    from ddpt_core.study import answers

    monkeypatch.setattr(answers._Desk, "write", lambda *_: (_ for _ in ()).throw(DataError("No room for it.")))
    run = finished(studies.start(wanted(), "mine"))
    assert run.outcome == "done" and "failed; the page of their part says why" in line_of(run)
    assert studies.described()[0]["failed"] > 0
    assert "No room for it." in page.view.of(run.entry)[page.view.facts]
    go_on = page.controls.of(studies, "mine")[page.controls.resume]
    assert go_on.visible and go_on.value == "Try the failed cells again"
    monkeypatch.undo()


def test_a_file_is_checked_key_by_key_before_anything_is_loaded(wanted, study_yaml):
    with pytest.raises(ConfigError, match=r"Unknown key 'stepps' in the study; did you mean 'steps'\?"):
        wanted(study_yaml + "stepps: 3\n")
    with pytest.raises(ConfigError, match=r"The study mine.yaml is not YAML"):
        wanted("a: [")
    with pytest.raises(ConfigError, match=r"at most 200 kB, got 200; it holds a plan alone"):
        wanted("#" * (MAX_BYTES + 1))
    with pytest.raises(ConfigError, match=r"Limit must be a whole number, got 1.5"):
        wanted(limit=1.5)
    with pytest.raises(ConfigError, match=r"must lie below the data folder, got '../secret.jsonl'"):
        wanted(study_yaml.replace("train.jsonl", "../secret.jsonl"))
    with pytest.raises(ConfigError, match=r"must lie below the data folder, got '/etc/passwd'"):
        wanted(study_yaml.replace("dev.jsonl", "/etc/passwd"))


def test_only_who_sits_at_the_machine_names_its_folders(study_yaml, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(study_yaml)
    with pytest.raises(ConfigError, match=r"A data folder may be named only by a browser on the machine"):
        wanted_study(YOUR_FILE, str(path), "/home", None, local=False)
    with pytest.raises(DDPTError, match=r"A folder may be named only by a browser on the machine that it lies on"):
        wanted_study(YOUR_FILE, str(path), DATA_FOLDER, None, local=False)


def test_on_a_space_nothing_runs_and_studies_can_be_read(own_study, view, controls, monkeypatch, study_yaml, tmp_path):
    monkeypatch.setenv("SPACE_ID", "someone/space")
    studies = Studies(own_study)
    with pytest.raises(ConfigError, match=r"A Space runs no study"):
        wanted_study("prompts")
    with pytest.raises(ConfigError, match=r"A Space runs no study"):
        studies.resume("small")
    with pytest.raises(ConfigError, match=r"not to be deleted here"):
        studies.delete("small")
    assert view.of(studies.get("small"))[view.whole].visible
    shown = controls.of(studies, "small")
    assert [shown[one].visible for one in (controls.resume, controls.cancel, controls.delete)] == [False, False, False]
    assert NOT_HERE.startswith("A Space runs no study")


def test_the_cost_is_that_of_the_core_in_numbers_and_words(studies, wanted):
    told = []
    found = studies.estimate(wanted(), lambda share, text: told.append(text))
    assert found["trainings"] == 1 and found["passes"] == 2 and found["missing"] == {} and told
    assert [part["name"] for part in found["parts"]] == ["First", "Second"]
    shown = estimate_html(found | {"missing": {"<b>": "It is <i>not</i> there."}})
    assert "1 trainings" in shown and "Second" in shown and "&lt;b&gt; cannot be had" in shown and "<i>" not in shown
    with pytest.raises(DataError, match=r"name the folder that train.jsonl lies in as data folder\."):
        studies.estimate(wanted(folder="/nowhere"), silent)


def test_names_are_checked_and_nothing_is_overwritten(own_study, wanted, controls):
    studies = Studies(own_study)
    with pytest.raises(ArtifactError, match=r"There is a study 'small' already; choose another name, or none."):
        studies.start(wanted(), "small")
    with pytest.raises(ArtifactError, match=r"A study's name must have 1 to 80 letters"):
        studies.start(wanted(), "../up")
    with pytest.raises(ArtifactError, match=r"There is a study 'shipped' already"):
        studies.start(wanted(), SHIPPED)
    go_on = controls.of(studies, "small")[controls.resume]
    assert not go_on.visible  # it is finished, and nothing failed: there is no going on
    studies.delete("small")
    assert studies.there() == {}


def test_the_shipped_study_comes_last_and_a_damaged_one_says_so(own_study, small_study, view):
    shipped = registry.ASSETS / "comparison"
    shipped.mkdir(parents=True)
    shutil.copyfile(small_study / "results.json", shipped / "results.json")
    for name, text in (("older", '{"format": 1}'), ("broken", '{"format": 2, "parts": [{}]}')):
        folder = registry.user_folder("studies") / name
        folder.mkdir()
        (folder / "results.json").write_text(text)
    studies = Studies(own_study)
    assert list(studies.there())[-1] == SHIPPED and len(studies.there()) == 4
    about = {one["name"]: one for one in studies.described()}
    assert "of format 2, got 1; run the study again" in about["older"]["problem"]
    assert "cannot be read (KeyError)" in about["broken"]["problem"]
    assert about[SHIPPED]["cells"] and not about[SHIPPED]["problem"]
    shown = list_html(studies.described(), "small")
    assert shown.count("<tr>") == 5 and 'data-study="small" aria-current="true"' in shown
    assert "The study that comes with the project" in shown
    assert NO_PREDICTIONS in view.of(studies.get(SHIPPED))[view.paged.rows]
    predictions = predictions_of(studies.get(SHIPPED), "", "CoNaLa dev")
    assert NO_PREDICTIONS in view.rows_of(predictions, asked_of(["", "", "", "", "best", ""]), 0)[view.paged.rows]
    assert "No study is here yet" in list_html([])


def test_every_figure_of_the_file_is_in_the_table_and_names_are_text(small_study, view):
    entry = entry_of(small_study)
    shown = view.of(entry)
    assert set(components_of(view)) - shown.keys() == {view.first}, "only the direction of the order stays as it is"
    table, pairs = shown[view.table], shown[view.pairs]
    part = entry.results["parts"][0]
    found = part["data"][0]["arms"]["manual"]["chrf"]["value"]
    assert (
        f"<b>{found:.3g}</b>" in table.replace(".0</b>", "</b>") or f"{found:.1f}" in table or f"{found:.2f}" in table
    )
    assert "<img" not in table and "&lt;img src=s onerror" in table and "best manual context" in table
    assert "corrected by Holm" in table and "p → corrected" in pairs and "<img" not in pairs
    plot = shown[view.plot]
    assert "<img" not in json.dumps(plot.value.model_dump() if hasattr(plot.value, "model_dump") else str(plot.value))
    drawn = [True, False, False, False]  # quality against seconds
    assert [shown[chart] is not None for _, chart in view.charts] == drawn
    assert [shown[box].visible for box, _ in view.charts] == drawn
    second = view.of(entry, "Second", "Tested")
    assert "no context" in second[view.table] and second[view.metric].value == "pass_at_1"
    assert second[view.charts[0][1]] is None
    assert view.by_metric(entry, "First", "Dev", "loss")[view.pairs].count("Loss") == 1


def test_shares_are_shown_in_percent_with_their_intervals(small_study, copy, view):
    folder = copy(small_study)
    results = json.loads((folder / "results.json").read_text())
    share = {"value": 0.25, "ci95": [0.125, 0.5], "training_spread": 0.03, "sampling_spread": None, "seeds": 3}
    results["parts"][0]["data"][0]["arms"]["manual"]["valid_python"] = share
    (folder / "results.json").write_text(json.dumps(results))
    table = view.of(entry_of(folder))[view.table]
    assert "<b>25.0 %</b> <small>12.5–50.0</small> <small" in table and ">±3</small>" in table


def test_predictions_are_filtered_and_sorted_by_their_own_figures(small_study):
    mine = predictions(small_study)
    everything = mine.find(Asked())
    assert len(everything.rows) == everything.read == 5 * 6 and everything.hidden == 0
    assert [row["id"] for row in everything.rows[:5]] == ["0"] * 5  # all answers to a task stand together
    manual = mine.find(Asked(arm="manual")).rows
    assert {row["arm"] for row in manual} == {"manual"} and len(manual) == 6
    assert mine.seeds("manual") == ["no seed"] and "training 0 · noise 1" in mine.seeds()
    assert len(mine.find(Asked(seeds="training 0 · noise 1")).rows) == 12  # two samplers
    best = [row["value"] for row in mine.find(Asked(by="loss")).rows]
    assert best == sorted(best) and best[0] < best[-1]
    worst = [row["value"] for row in mine.find(Asked(by="chrf", best_first=False)).rows]
    assert worst == sorted(worst)
    assert mine.find(Asked(text="ONERROR=window")).rows and not mine.find(Asked(text="no such text")).rows
    tested = predictions(small_study, data=1)
    passed = [row["value"] for row in tested.find(Asked(by="passed")).rows]
    assert passed == sorted(passed, key=lambda value: -1 if value is None else -value) and len(passed) == 10
    for _, by in orders(True):
        assert len(tested.find(Asked(by=by)).rows) == 10
    with pytest.raises(DataError, match=r"Predictions cannot be sorted by 'beauty'"):
        mine.find(Asked(by="beauty"))


def test_sentence_figures_are_those_of_the_metric_on_one_answer(small_study):
    from ddpt_core.metrics.text_metrics import score

    for row in predictions(small_study).find(Asked(by="chrf", arm="manual")).rows:
        assert row["value"] == pytest.approx(score([row["prediction"]], [row["reference"]])["chrf"])


def test_no_more_is_read_than_fits_and_the_rest_is_told(small_study, view, monkeypatch):
    monkeypatch.setattr("app.studies.kept.study_predictions.MAX_ROWS", 8)
    found = predictions(small_study).find(Asked())
    assert (found.read, found.hidden) == (8, 22)
    where = view.rows_of(predictions(small_study), Asked(), 0)[view.paged.where]
    assert "22 more were not looked at" in where and MAX_ROWS >= 1000


def test_a_task_is_handed_over_by_its_key_and_a_wrong_key_is_told(small_study):
    mine = predictions(small_study)
    row = mine.find(Asked(arm="manual")).rows[3]
    task = mine.task(row["key"])
    assert (task.instruction, task.reference) == (row["instruction"], row["reference"])
    for key in ("", "99:0", "0:99", "0:x", "-:-"):
        with pytest.raises(DataError, match=r"not there any longer"):
            mine.task(key)


def test_a_cell_outside_of_the_study_is_not_read(small_study, copy):
    folder = copy(small_study)
    results = json.loads((folder / "results.json").read_text())
    secret = folder.parent / "secret"
    shutil.copytree(folder / results["parts"][0]["data"][0]["runs"][0]["cell"], secret)
    results["parts"][0]["data"][0]["runs"][0]["cell"] = "../secret"
    (folder / "results.json").write_text(json.dumps(results))
    mine = predictions(folder)
    assert (secret / "predictions.jsonl").is_file() and len(mine.find(Asked()).rows) == 4 * 6


def test_damaged_predictions_are_told_and_not_guessed(small_study, copy):
    folder = copy(small_study)
    for path in folder.glob("cells/answers/*/predictions.jsonl"):
        path.write_text('{"id": 3}\n')
    with pytest.raises(DataError, match=r"The predictions of .* cannot be read; run the study again."):
        predictions(folder).find(Asked())


def test_files_are_taken_away_and_old_parcels_go(small_study):
    parcels, entry = Parcels(), entry_of(small_study)
    assert parcels.copy(entry, "report.md").read_text() == (small_study / "report.md").read_text()
    path = parcels.predictions(predictions(small_study), "First")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(lines) == 30 and {"arm", "training_seed", "sampling_seed", "prediction"} <= lines[0].keys()
    assert path.name == "small-First-Dev-predictions.jsonl"
    for _ in range(KEPT):
        last = parcels.copy(entry, "results.json")
    assert last.is_file() and not path.exists()
    with pytest.raises(ArtifactError, match=r"nothing.txt of small cannot be read"):
        parcels.copy(entry, "nothing.txt")


def test_every_ready_file_is_offered_with_what_it_is_about():
    choices = file_choices()
    assert [value for _, value in choices] == list(ready_files()) and "prompts" in ready_files()
    assert all(" · " in name and len(name) > 12 for name, _ in choices)
    assert study_file.DATA_FOLDER == "../shared/data"


def test_seeds_and_filters_in_words():
    assert seeds_of({"training_seed": None, "sampling_seed": None}) == "no seed"
    assert seeds_of({"training_seed": 2, "sampling_seed": 0}) == "training 2 · noise 0"
    assert asked_of(["a", None, "", "bleu", "worst", None]) == Asked("a", "", "", "", "bleu", best_first=False)


def test_a_run_says_how_long_it_will_take_and_ends_where_it_is_told(small_study):
    from ddpt_core.study.course import Moment

    run = module.StudyRun(entry_of(small_study))
    run.hear(Moment(1, 4, "manual context 1", 0.0, 40.0))
    assert run.seconds_left() == 40 and "Cell 1 of 4: manual context 1 · about 40 s left" in line_of(run)
    run.ask()
    with pytest.raises(Cancelled):
        run.hear(Moment(2, 4, "next", 10.0, 40.0))
    assert "stopping" in line_of(run) and run.share == 0.25


def test_the_studies_have_endpoints(answering):
    named = build_app(answering).get_api_info()["named_endpoints"]
    wanted = {"/studies", "/study_estimate", "/study_run", "/study_resume", "/study_progress", "/study_cancel"}
    assert wanted | {"/study_results", "/study_predictions"} <= named.keys()


def test_a_study_of_the_command_line_is_read_here_and_gone_on_with_there(answering, small_study, view, controls):
    home = registry.user_folder("studies")
    shutil.copytree(small_study, home / "theirs")
    studies = Studies(answering)
    assert view.of(studies.get("theirs"))[view.whole].visible
    assert not controls.of(studies, "theirs")[controls.resume].visible
    (home / "theirs" / "results.json").unlink()
    shown = controls.of(studies, "theirs")
    assert "Go on at the command line, which began it." in shown[controls.status]
    assert not shown[controls.resume].visible
    with pytest.raises(ArtifactError, match=r"was not begun on this page; go on with it by `python -m ddpt_core study"):
        studies.resume("theirs", local=True)


def test_a_part_that_came_to_nothing_says_why_and_the_others_are_shown(small_study, copy, view):
    folder = copy(small_study)
    results = json.loads((folder / "results.json").read_text())
    nothing = results["parts"][0] | {"name": "Nothing", "data": [], "trainings": {}, "choices": {}}
    nothing |= {
        "backbone": {"name": "big", "sha256": None},
        "failed": [{"what": "the whole part", "why": "No <room>."}],
    }
    (folder / "results.json").write_text(json.dumps(results | {"parts": [nothing, *results["parts"]]}))
    entry = entry_of(folder)
    assert view.of(entry)[view.part].value == "First"  # the first that came to anything
    shown = view.of(entry, "Nothing")
    assert "No &lt;room&gt;." in shown[view.facts] and not shown[view.filters].visible
    with pytest.raises(ConfigError, match=r"The part 'Nothing' came to nothing"):
        predictions_of(entry, "Nothing", "")
    assert entry.described()["failed"] == 1
