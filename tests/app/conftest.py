"""A small world for the app: a vocabulary with hostile tokens, an untrained prompt, runs in a temporary folder."""

import hashlib
import shutil
import socket
from contextlib import contextmanager

import pytest
import torch

from app.main import build_app, launch_settings
from app.services import Services
from ddpt_core.backbone import registry
from ddpt_core.diffusion.denoiser import DenoiserConfig
from ddpt_core.diffusion.schedule import NoiseSchedule
from ddpt_core.tuning.checkpoint import save_ddpt
from ddpt_core.tuning.prompt import new_ddpt

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

    name = "embedded"
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

    def _backbone(self, name: str = registry.EMBEDDED):
        return TINY


TINY = TinyBackbone()


@pytest.fixture
def services(tmp_path, monkeypatch):
    """Services whose assets and runs lie in a temporary folder, with one embedded prompt and no run."""
    monkeypatch.setattr(registry, "ASSETS", tmp_path / "assets")
    monkeypatch.setenv("DDPT_HOME", str(tmp_path / "home"))
    config = DenoiserConfig(width=WIDTH, positions=POSITIONS, hidden=16, stages=1, heads=2)
    prompt = new_ddpt(TINY, "Write code:", config, NoiseSchedule(), seed=0)
    info = {"method": "ddpt", "context": "Write code:", "backbone": {"name": "embedded", "sha256": TINY.sha256}}
    save_ddpt(prompt, tmp_path / "assets" / "prompts" / "ddpt", info)
    return TinyServices(tmp_path / "cache")


@pytest.fixture
def recorded(services):
    """The services, with a run of 40 steps and seed 3; returns (services, name of the run)."""
    return services, services.runs.record("ddpt", "ddpm", 40, 3, lambda share, text: None)


@pytest.fixture
def answering(prompts, tmp_path, monkeypatch):
    """Services with the tiny T5, whose two prompts and the project's examples are the embedded ones."""
    assets = tmp_path / "assets"
    for method, folder in prompts.items():
        shutil.copytree(folder, assets / "prompts" / method)
    shutil.copytree(registry.ASSETS / "examples", assets / "examples")
    monkeypatch.setattr(registry, "ASSETS", assets)
    monkeypatch.setenv("DDPT_HOME", str(tmp_path / "home"))
    return Services(tmp_path / "cache")


ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
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
        page = context.new_page()
        page.asked, page.failed = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.failed.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def launched():
    """Serves the app with given services on a port of its own: `with launched(services) as address`."""

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
