"""A small world for the app: a vocabulary with hostile tokens, an untrained prompt, runs in a temporary folder."""

import hashlib
import json
import shutil
import socket
from contextlib import contextmanager
from dataclasses import asdict

import httpx
import pytest
import torch

from app.explore.runs.runs import Runs
from app.main import build_app, launch_settings
from app.page.services import Services
from ddpt_core.backbone import registry
from ddpt_core.diffusion.denoiser import DenoiserConfig
from ddpt_core.diffusion.schedule import NoiseSchedule
from ddpt_core.prompts.checkpoint import write_prompt
from ddpt_core.prompts.ddpt import new_ddpt, save_ddpt

WORDS = [" return", " for", "tion", " x", "==", "42", '"', "\n    ", "\t", " def", ")", "name"]
HOSTILE = ["<img src=x onerror='window.hacked=1'>", "${window.hacked=1}", "{{value}}", "\u202eevil", "</script>"]
VOCABULARY, WIDTH, POSITIONS = 300, 32, 4


class TinyTokenizer:
    """As much of a tokenizer as the app asks for; token 0 is its only control token."""

    all_special_ids = (0,)

    def __len__(self) -> int:
        return VOCABULARY


class TinyBackbone:
    """A random embedding table; every token that a context can end beside is hostile text."""

    name = registry.DEFAULT
    device = torch.device("cpu")
    tokenizer = TinyTokenizer()

    def __init__(self):
        self.embedding_table = torch.randn(VOCABULARY, WIDTH, generator=torch.Generator().manual_seed(0))
        self.sha256 = hashlib.sha256(self.embedding_table.numpy().tobytes()).hexdigest()

    def token_strings(self) -> list[str]:
        return ["<pad>", *(HOSTILE + WORDS)[: VOCABULARY - 1], *(f" w{i}" for i in range(VOCABULARY - 18))]

    def token_ids(self, text: str, length: int) -> list[int]:
        return list(range(1, length + 1))

    def embed(self, text: str, length: int) -> torch.Tensor:
        return self.embedding_table[self.token_ids(text, length)]


class TinyServices(Services):
    """Services with the tiny backbone; prompts, runs, packing and the page are the real ones."""

    def _backbone(self, name: str = registry.DEFAULT):
        return TINY


TINY = TinyBackbone()


@pytest.fixture
def services(tmp_path, monkeypatch):
    """Services whose assets and runs lie in a temporary folder, with one embedded prompt and no run."""
    monkeypatch.setattr(registry, "ASSETS", tmp_path / "assets")
    monkeypatch.setenv("DDPT_HOME", str(tmp_path / "home"))
    config = DenoiserConfig(width=WIDTH, positions=POSITIONS, hidden=16, stages=1, heads=2)
    prompt = new_ddpt(TINY, "Write code:", config, NoiseSchedule(), seed=0)
    info = {"method": "ddpt", "context": "Write code:", "backbone": {"name": TINY.name, "sha256": TINY.sha256}}
    save_ddpt(prompt, tmp_path / "assets" / "prompts" / "ddpt", info)
    return TinyServices(tmp_path / "cache")


@pytest.fixture
def recorded(services):
    """The services, with a run of 40 steps and seed 3; returns (services, name of the run)."""
    return services, services.of(Runs).record("ddpt", "ddpm", 40, 3, lambda share, text: None)


STEERED = "steered"  # the prompt with styles


@pytest.fixture
def steerable(services):
    """The services, with a prompt of two styles whose library has two prompts of each, half of them ends."""
    config = DenoiserConfig(width=WIDTH, positions=POSITIONS, hidden=16, stages=1, heads=2, conditions=2)
    made = new_ddpt(TINY, "Write code:", config, NoiseSchedule(), seed=0)
    tensors = {f"denoiser.{name}": value for name, value in made.denoiser.state_dict().items()}
    tensors |= {"x0": made.x0, "mean": made.mean, "std": made.std}
    tensors["library"] = torch.randn(4, POSITIONS, WIDTH, generator=torch.Generator().manual_seed(1))
    tensors |= {"labels": torch.tensor([0, 0, 1, 1]), "ends": torch.tensor([False, True, False, True])}
    tensors["generalist"] = tensors["library"].mean(0)
    info = {"method": "distribution", "context": "Write code:", "backbone": {"name": TINY.name, "sha256": TINY.sha256}}
    info |= {"denoiser": asdict(config), "schedule": asdict(made.schedule), "styles": ["lambda", "print"]}
    write_prompt(registry.ASSETS / "prompts" / STEERED, tensors, info)
    return services


@pytest.fixture
def answering(prompts, tmp_path, monkeypatch):
    """Services with the tiny T5 and its two prompts, and the project's examples, in a folder of assets."""
    assets = tmp_path / "assets"
    for method, folder in prompts.items():
        shutil.copytree(folder, assets / "prompts" / method)
    shutil.copytree(registry.ASSETS / "examples", assets / "examples")
    monkeypatch.setattr(registry, "ASSETS", assets)
    monkeypatch.setenv("DDPT_HOME", str(tmp_path / "home"))
    return Services(tmp_path / "cache")


@pytest.fixture(scope="session")
def rarer_prompts(tiny, data_file, many_file, styled, train_config, tmp_path_factory):
    """Arm -> folder of a prompt, for every arm that learns and is not in `prompts`; not to be changed."""
    from ddpt_core.steering.build import LibraryPlan, build_library
    from ddpt_core.steering.clusters import write_clusters
    from ddpt_core.training.report import finish
    from ddpt_core.training.trainer import train

    library = tmp_path_factory.mktemp("library") / "two"
    sizes = {"seeds": 1, "steps": 2, "batch_size": 4, "snapshots": 1, "context": "sort list", "context_length": 8}
    build_library(tiny, library, LibraryPlan(("bare", "told"), **sizes), styled)
    data, names = write_clusters(tiny, many_file, 2, library.with_name("alike"))
    build_library(tiny, library.with_name("alike"), LibraryPlan(names, **sizes), data)
    learned = {
        "residual": (data_file, train_config("residual")),
        "ddpt-full": (data_file, train_config("ddpt", diffusion_weight=0.1)),
        "distribution": (styled, train_config("distribution", library=str(library))),
        "instructed": (data, train_config("instructed", library=str(library.with_name("alike")))),
    }
    folders = {arm: tmp_path_factory.mktemp("rarer") / arm for arm in learned}
    for arm, folder in folders.items():
        data, config = learned[arm]
        list(train(tiny, data, folder, config))
        finish(folder, tiny, data)
    return folders


@pytest.fixture
def every_arm(answering, rarer_prompts):
    """The services of `answering`, with a prompt for every arm that needs one."""
    for arm, folder in rarer_prompts.items():
        shutil.copytree(folder, registry.ASSETS / "prompts" / arm)
    return answering


TRAINED = ("prompt-tuning", "residual", "ddpt", "ddpt-full")


@pytest.fixture
def invented():
    """A results.json of one part, laid flat; its figures are invented: two data sets, six arms; DDPT is above prompt
    tuning on one alone."""

    def arm(level, spread, **more):
        def of(scale, share=1.0):
            value = level * share * scale
            spreads = {"training_spread": spread and spread * scale, "sampling_spread": more.get("noise")}
            return {"value": value, "ci95": [0.85 * value, 1.15 * value], **spreads, "seeds": 3}

        known = {"bleu": of(100), "codebleu": of(100, 2.5), "chrf": of(100, 3), "rouge_l": of(100, 3.5)}
        known |= {"exact_match": of(1, 0.2), "valid_python": of(1, 6), "loss": {"value": 3 - level, "ci95": None}}
        return known | ({"pass_at_1": of(1, 4)} if more.get("tests") else {})

    def pair(treatment, baseline, low, high):
        """Invented intervals of a ratio; those of a difference fit them."""
        found = {}
        for metric, one in treatment.items():
            value, against = one["value"], baseline[metric]["value"]
            ends = [low * value / against, high * value / against]
            difference = {"difference": value - against, "difference_ci95": [end * against - against for end in ends]}
            found[metric] = {"ratio": value / against, "ratio_ci95": ends, **difference, "p_value": 0.01}
        return found

    def data(name, source, tests, level):
        levels = {"none": 0.02, "manual": 0.05, "prompt-tuning": 0.07, "residual": 0.072, "ddpt": level}
        noise = {"ddpt": 0.12, "ddpt-full": 0.12}
        made = {
            one: arm(value, 0.002 if one in TRAINED else None, noise=noise.get(one), tests=tests)
            for one, value in (levels | {"ddpt-full": 0.11}).items()
        }
        pairs = [("ddpt", "manual"), ("ddpt", "prompt-tuning"), ("prompt-tuning", "manual"), ("ddpt-full", "ddpt")]
        paired = {f"{one}/{other}": pair(made[one], made[other], 0.9, 1.1) for one, other in pairs}
        return {"name": name, "source": source, "tasks": 200, "tests": tests, "arms": made, "paired": paired}

    rates = [{"lr": lr, "validation_loss": 2.9 + lr, "bleu": 9.0} for lr in (0.0003, 0.001)]
    training = {"seed": 1, "lr": 0.001, "steps": 600, "llm_passes": 600, "best_step": 450, "validation_loss": 2.871}
    return {
        "format": 2,
        "command": "python -m ddpt_core study studies/invented.yaml --out DIR",
        "created": "2020-02-02",
        "versions": {"torch": "0.0"},
        "backbone": {"name": registry.DEFAULT, "sha256": "0123456789abcdef"},
        "plan": {"choose_by": "bleu"},
        "choices": {
            "manual": {"contexts": [{"text": "Invented:", "validation_loss": 3.1, "bleu": 5.5}], "chosen": 0},
            **{one: {"rates": rates, "chosen": 1} for one in TRAINED},
        },
        "trainings": {one: [training | {"seconds": 90.0, "steps_ablation": {"2000": 2.87}}] for one in TRAINED},
        "data": [
            data("Invented dev", "invented/dev.jsonl", False, 0.1234),
            data("Invented tasks", "families:invented", True, 0.0711),
        ],
    }


@pytest.fixture
def study_file(tmp_path, monkeypatch, invented):
    """Writes a results.json, by default the invented one, where the app looks for it: study_file(content) -> path."""

    def write(content=None):
        monkeypatch.setattr(registry, "ASSETS", tmp_path / "assets")
        path = tmp_path / "assets" / "comparison" / "results.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(content, str):
            part = dict(content or invented)
            whole = {key: part.pop(key) for key in ("format", "command", "created", "versions")}
            content = json.dumps(whole | {"parts": [part]})
        path.write_text(content, encoding="utf-8")
        return path

    return write


ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def browser():
    """A browser; without one these tests fail, since `make test` installs it."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    if path is None:
        pytest.fail("These tests need the program chromium, which `make test` installs; install it and run again.")
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser):
    """Opens empty pages, each in a window of its own, that collect their requests and script errors."""
    contexts = []

    def open_page(width=1440, height=900, **settings):
        context = browser.new_context(viewport={"width": width, "height": height}, **settings)
        contexts.append(context)
        context.set_default_timeout(60_000)  # ms; a machine may be busy with the other half of the tests
        page = context.new_page()
        page.asked, page.failed = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.failed.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def open_viewer(new_page):
    """Opens an address in a new window, which runs `script` first, and waits until a run is drawn; see new_page."""

    def open_page(address, script=None, **window):
        page = new_page(**window)
        if script:
            page.add_init_script(script)
        page.goto(address)
        page.wait_for_function("window.ddptViewer")
        page.evaluate("window.ddptViewer.ready.then(() => true)")
        return page

    return open_page


def answers(url):
    """Returns whether the app answers; Gradio's own question gives up after 3 s, which a busy machine may need."""
    return httpx.head(url, timeout=60).status_code == 200


@pytest.fixture
def launched(monkeypatch):
    """Serves the app with given services on a port of its own: `with launched(services) as address`."""
    monkeypatch.setattr("gradio.networking.url_ok", answers)

    @contextmanager
    def serve(services):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        page = build_app(services)
        page.launch(server_name="127.0.0.1", server_port=port, prevent_thread_lock=True, **launch_settings(services))
        yield f"http://127.0.0.1:{port}"
        page.close()

    return serve


@pytest.fixture
def answering_server(answering, launched):
    """The address of the app with the tiny T5 and its two prompts."""
    with launched(answering) as address:
        yield address


STUDY_HOSTILE = "<img src=s onerror=window.hacked=3>${window.hacked=4}{{value}}"


@pytest.fixture(scope="session")
def study_data(tasks, tmp_path_factory):
    """A data folder of a study: training data, and two data sets to report on, one with tests; instructions hostile."""
    root = tmp_path_factory.mktemp("study data")
    rows = [{"id": task.id, "instruction": task.instruction, "reference": task.reference} for task in tasks]
    dev = [row | {"instruction": f"{row['instruction']} {STUDY_HOSTILE}"} for row in rows[:6]]
    tested = [{"id": str(n), "instruction": f"give {n}", "reference": str(n), "tests": ["assert True"]} for n in (1, 2)]
    for name, part in {"train": rows, "dev": dev, "tested": tested}.items():
        (root / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))
    return root


@pytest.fixture(scope="session")
def study_yaml(tiny_folder):
    """A study that takes seconds, as YAML: two parts, a manual arm, and DDPT under a hostile name, sampled two ways."""
    import yaml

    sizes = {"timesteps": 20, "hidden": 16, "stages": 1, "heads": 2}
    plan = {
        "backbone": str(tiny_folder),
        "train": "train.jsonl",
        "validation_tasks": 2,
        "steps": 2,
        "batch_size": 4,
        "context_length": 8,
        "max_new_tokens": 6,
        "training_seeds": [0],
        "sampling_seeds": [0, 1],
        "samplers": [{"scheduler": "ddim", "steps": [2, 5]}],
        "manual_contexts": ["sort list"],
        "arms": {"manual": {}, f"mine {STUDY_HOSTILE}": {"arm": "ddpt", "rates": [0.01], "options": sizes}},
        "data": [{"name": "Dev", "data": "dev.jsonl"}, {"name": "Tested", "data": "tested.jsonl", "tests": True}],
        "parts": [{"name": "First"}, {"name": "Second", "arms": {"manual": {}, "none": {}}}],
    }
    return yaml.safe_dump(plan)


@pytest.fixture(scope="session")
def small_study(study_yaml, study_data, tiny, tmp_path_factory):
    """The folder of that study, finished; not to be changed."""
    from ddpt_core.study.plan_file import read_study
    from ddpt_core.study.study import run_study

    out = tmp_path_factory.mktemp("studies") / "small"
    path = out.with_name("small.yaml")
    path.write_text(study_yaml)
    run_study(read_study(path), out, load=lambda name: tiny, data_root=study_data)
    return out


@pytest.fixture
def own_study(answering, small_study):
    """The services of `answering`, whose user has that study under the name small."""
    shutil.copytree(small_study, registry.user_folder("studies") / "small")
    return answering
