"""Several processes do what one does: real ones, started by torchrun, on CPUs by gloo."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from ddpt_core.__main__ import main
from ddpt_core.settings import TrainConfig
from ddpt_core.training.processes import Processes, processes
from ddpt_core.training.report import finish
from ddpt_core.training.trainer import train

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"steps": 5, "batch-size": 9, "lr": 0.05, "context-length": 8}
DDPT = {"method": "ddpt", "timesteps": 20, "hidden": 16, "diffusion_weight": 0.1, "validate_every": 1}


class Second(Processes):
    """The second of three processes."""

    rank, count = 1, 3


SCRIPT = """
import os, sys
from pathlib import Path
from types import SimpleNamespace
from accelerate import FullyShardedDataParallelPlugin
from ddpt_core import load_backbone, train
from ddpt_core.__main__ import main
from ddpt_core.errors import ArtifactError
from ddpt_core.settings import TrainConfig
from ddpt_core.training.processes import processes
from ddpt_core.training.report import finish

training, evaluation, backbone, data, out, config = {given!r}
if code := main(training):
    sys.exit(code)
model, out = load_backbone(backbone, device="cpu"), Path(out)
whole, pieces = TrainConfig(**config), TrainConfig(**config, accumulate=2)
list(train(model, data, out / "whole", whole))
finish(out / "whole", model, data)
list(train(model, data, out / "pieces", pieces))
stopped = train(model, data, out / "stopped", whole)
next(stopped), next(stopped), stopped.close()
went_on = [at.step for at in train(model, data, out / "stopped", pieces, resume=True)]
try:
    next(train(model, data, out / "whole", whole))
except ArtifactError as error:
    Path(out / ("told-" + os.environ["RANK"])).write_text(f"{{went_on}} {{error}}")
if code := main(evaluation):
    sys.exit(code)

class Sharding:  # Accelerate knows FSDP on GPUs alone, so that its plugin is put in place here
    is_fsdp2 = True
    state = SimpleNamespace(fsdp_plugin=FullyShardedDataParallelPlugin(
        fsdp_version=2, cpu_ram_efficient_loading=False, reshard_after_forward=True,
        auto_wrap_policy="transformer_based_wrap", transformer_cls_names_to_wrap=["T5Block"],
    ))
    def __getattr__(self, name, real=processes().accelerator):
        return getattr(real, name)

processes().accelerator, processes()._sharded = Sharding(), True
list(train(model, data, out / "sharded", pieces))
finish(out / "sharded", model, data)
kinds = [type(p).__name__ for p in model.model.parameters()]
Path(out / ("kinds-" + os.environ["RANK"])).write_text(" ".join(kinds))
"""


def start(folder: Path, *given) -> subprocess.Popen:
    """Runs the script in two processes."""
    script = folder / "script.py"
    script.write_text(SCRIPT.format(given=given))
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", str(script)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, *launcher], cwd=ROOT, env=environment(), **pipes)


def environment() -> dict[str, str]:
    """What the processes find in theirs: one thread each, the project, and a trace of where one that dies stands."""
    import os

    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "PYTHONFAULTHANDLER": "1"}


def training(folder: Path, backbone: Path, data: Path, *further: str) -> list[str]:
    """The command that trains in `folder`, in float32; by the method whose figures are had without sampling."""
    sizes = [word for name, value in SIZES.items() for word in (f"--{name}", str(value))]
    where = ["--data", str(data), "--backbone", str(backbone), "--out", str(folder), "--context", "sort list"]
    return ["train", "--method", "prompt-tuning", *where, *sizes, "--mixed-precision", "no", "--json", *further]


def evaluation(folder: Path, backbone: Path, data: Path, prompt: Path) -> list[str]:
    """The command that evaluates two arms in `folder`."""
    where = ["--data", str(data), "--backbone", str(backbone), "--out", str(folder), "--prompt", str(prompt)]
    return ["evaluate", *where, "--arms", "manual,ddpt", "--context", "sort list", "--max-new-tokens", "6", "--json"]


@pytest.fixture(scope="module")
def both(tiny, tiny_folder, data_file, prompts, tmp_path_factory):
    """(folder of one process, folder of two, what the two said): the same training and evaluation."""
    import contextlib
    import io

    one, two = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    given = {name.replace("-", "_"): value for name, value in SIZES.items()}
    config = given | DDPT | {"context": "sort list", "mixed_precision": "no"}
    commands = [training(two / "prompt", tiny_folder, data_file)]
    commands += [evaluation(two / "evaluation", tiny_folder, data_file, prompts["ddpt"])]
    started = start(two, *commands, str(tiny_folder), str(data_file), str(two), config)
    with contextlib.redirect_stdout(io.StringIO()):
        list(train(tiny, data_file, one / "whole", TrainConfig(**config)))
        finish(one / "whole", tiny, data_file)
        assert main(training(one / "prompt", tiny_folder, data_file)) == 0
        assert main(evaluation(one / "evaluation", tiny_folder, data_file, prompts["ddpt"])) == 0
    out, err = started.communicate(timeout=300)
    assert started.returncode == 0, err
    return one, two, out


def described(folder: Path) -> dict:
    """The prompt.json in a folder."""
    return json.loads((folder / "prompt.json").read_text())


@pytest.mark.parametrize("folder", ["whole", "pieces", "stopped", "sharded"])
def test_two_processes_train_along_the_curve_of_one(folder, both):
    one, two, _ = both
    metrics = (described(one / "whole")["metrics"], described(two / folder)["metrics"])
    expected, found = ([tuple(point.values()) for point in told["curve"]] for told in metrics)
    assert len(expected) == 5 and found == [pytest.approx(point, rel=1e-6) for point in expected]
    assert len({loss for _, loss, _ in expected}) == 5


def test_command_in_two_processes_tells_what_it_tells_in_one(both):
    one, two, _ = both
    expected, found = (described(folder / "prompt") for folder in (one, two))
    assert found["metrics"]["train_loss"] == pytest.approx(expected["metrics"]["train_loss"], rel=1e-6)
    assert found["metrics"]["validation_loss"] == pytest.approx(expected["metrics"]["validation_loss"], rel=1e-6)
    assert found["config"] == expected["config"] and found["data"] == expected["data"]


@pytest.mark.parametrize("folder", ["whole", "sharded"])
def test_what_a_prompt_says_of_itself_is_the_same_from_two_processes(folder, both):
    one, two, _ = both
    expected, found = described(one / "whole")["metrics"], described(two / folder)["metrics"]
    assert found["seed_spread"] == pytest.approx(expected["seed_spread"], rel=1e-2)
    assert found["steps_ablation"] == pytest.approx(expected["steps_ablation"], rel=1e-5)


@pytest.mark.parametrize("folder", ["whole", "pieces", "stopped", "sharded"])
def test_two_processes_end_on_the_weights_of_one(folder, both):
    one, two, _ = both
    expected, found = (load_file(f / "weights.safetensors") for f in (one / "whole", two / folder))
    assert found.keys() == expected.keys()
    far = {name: (found[name].float() - expected[name].float()).abs().max().item() for name in expected}
    moved = max(value.float().abs().max().item() for value in expected.values())
    assert max(far.values()) < 1e-3 * moved  # they lie in half precision


def test_two_processes_write_each_answer_once_and_the_same_bytes_as_one(both):
    one, two, _ = both
    files = [folder / "evaluation" / "predictions.jsonl" for folder in (one, two)]
    assert files[0].read_bytes() == files[1].read_bytes() and len(files[1].read_text().splitlines()) == 2 * 64
    reports = [json.loads((folder / "evaluation" / "metrics.json").read_text()) for folder in (one, two)]
    for report in reports:
        for scores in report["arms"].values():
            del scores["seconds"]
    assert reports[0] == reports[1]


def test_only_the_main_process_prints_and_writes(both):
    _, two, out = both
    told = [json.loads(line) for line in out.splitlines()]
    assert [Path(result["out"]).name for result in told] == ["prompt", "evaluation"]
    assert sorted(p.name for p in (two / "prompt").iterdir()) == ["README.md", "prompt.json", "weights.safetensors"]
    assert sorted(p.name for p in (two / "evaluation").iterdir()) == ["metrics.json", "predictions.jsonl"]


def test_all_processes_go_on_from_the_same_step_and_meet_what_the_main_one_refuses(both):
    _, two, _ = both
    told = [(two / f"told-{rank}").read_text() for rank in (0, 1)]
    assert told[0] == told[1] and told[0].startswith("[3, 4, 5] The folder ") and "already holds a trained" in told[0]


def test_process_that_is_not_the_main_one_lets_it_speak_first(capsys, monkeypatch, tmp_path):
    slept = []
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr("time.sleep", slept.append)
    assert main(["train", "--method", "lora", "--data", "nothing", "--out", str(tmp_path)]) == 2
    assert slept == [5.0] and "Unknown method 'lora'" in capsys.readouterr().err


def test_sharded_backbone_lies_in_parts_but_for_its_embedding_table(both):
    _, two, _ = both
    for rank in (0, 1):
        kinds = (two / f"kinds-{rank}").read_text().split()
        assert kinds.count("Parameter") == 1 and kinds.count("DTensor") == len(kinds) - 1 > 10


def test_batch_that_is_too_small_for_its_pieces_is_refused(capsys, tiny_folder, data_file, tmp_path):
    assert main(training(tmp_path / "out", tiny_folder, data_file, "--accumulate", "10")) == 2
    assert "each of 1 processes x 10 pieces, got 9 tasks" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("length", [0, 1, 5, 64])
@pytest.mark.parametrize("pieces", [1, 4])
def test_parts_of_all_processes_make_up_the_batch(length, pieces):
    parts = []
    for rank in range(3):
        here = Second()
        here.rank = rank
        parts += here.part(length, pieces)
    assert [row for part in parts for row in range(length)[part]] == list(range(length))
    sizes = [part.stop - part.start for part in parts]
    assert len(parts) == 3 * pieces and max(sizes) - min(sizes) <= 1


def test_one_process_needs_no_accelerate():
    code = (
        "import sys; from ddpt_core.training.processes import processes; here = processes(); "
        "assert here.on_main(lambda: [1]) == [1] and here.sum([2]) == [2]; "
        "print('torch' in sys.modules, 'accelerate' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
    assert processes().count == 1
