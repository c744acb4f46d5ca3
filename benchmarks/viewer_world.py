"""An app to measure, in a process of its own: `python -m benchmarks.viewer_world KIND FOLDER --port PORT`.

KIND `shipped` is the app as it is. `large` is the same app with another backbone below it: 49,152 tokens of width 576,
and one recorded run of 2000 steps at P = 16, sampled with a denoiser of random weights. Whatever either writes lies in
FOLDER. The first run is packed before the page answers.
"""

import argparse
import hashlib
import keyword
import os
import string
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from app.explore.runs.runs import Runs
from ddpt_core.backbone import registry

VOCABULARY, WIDTH, POSITIONS, STEPS = 49_152, 576, 16, 2000
HIDDEN, STAGES = 64, 1  # of the denoiser
CONTEXT = "Write Python code:"
WEIGHT_DEVIATION = 0.02  # of the denoiser's random weights
LONGEST = 8  # letters of a made word
WIDEST, NARROWEST = 1.0, 0.1  # standard deviation of a table's first and last direction


class LargeTokenizer:
    """As much of a tokenizer as the app asks for; token 0 is its only control token."""

    all_special_ids = (0,)

    def __len__(self) -> int:
        return VOCABULARY


class LargeBackbone:
    """A random embedding table (V, D) whose directions have different spreads, and words for its tokens."""

    name = registry.DEFAULT
    device = torch.device("cpu")
    tokenizer = LargeTokenizer()

    def __init__(self):
        rng = np.random.default_rng(0)
        table = rng.standard_normal((VOCABULARY, WIDTH)) * np.geomspace(WIDEST, NARROWEST, WIDTH)
        self.embedding_table = torch.from_numpy(table.astype(np.float32))
        self.sha256 = hashlib.sha256(self.embedding_table.numpy().tobytes()).hexdigest()
        self.tokens = words(rng)

    def token_strings(self) -> list[str]:
        return self.tokens

    def token_ids(self, text: str, length: int) -> list[int]:
        return list(range(1, length + 1))

    def embed(self, text: str, length: int) -> torch.Tensor:
        return self.embedding_table[self.token_ids(text, length)]


def words(rng: np.random.Generator) -> list[str]:
    """Returns V tokens of every kind, about as long as those of a real vocabulary; none holds a line break."""
    known = ["<pad>", *(f" {word}" for word in keyword.kwlist), *string.punctuation, *map(str, range(1000))]
    count = VOCABULARY - len(known)
    letters, lengths = rng.integers(ord("a"), ord("z") + 1, (count, LONGEST)), rng.integers(2, LONGEST + 1, count)
    made = [bytes(row[:length].tolist()).decode() for row, length in zip(letters, lengths, strict=True)]
    return known + [f" {word}" if number % 2 else word for number, word in enumerate(made)]


def write_assets(folder: Path, backbone: LargeBackbone) -> None:
    """Writes a prompt of random weights and a run of it to `folder`, laid out as assets/ is."""
    from ddpt_core import Trajectory, load_prompt
    from ddpt_core.diffusion.denoiser import DenoiserConfig
    from ddpt_core.diffusion.schedule import NoiseSchedule
    from ddpt_core.prompts.ddpt import new_ddpt, save_ddpt

    prompt = new_ddpt(backbone, CONTEXT, DenoiserConfig(WIDTH, POSITIONS, HIDDEN, STAGES), NoiseSchedule(), seed=0)
    rng = torch.Generator().manual_seed(0)
    for parameter in prompt.denoiser.parameters():
        torch.nn.init.normal_(parameter, std=WEIGHT_DEVIATION, generator=rng)
    made_for = {"name": backbone.name, "sha256": backbone.sha256}
    save_ddpt(prompt, folder / "prompts" / "ddpt", {"method": "ddpt", "context": CONTEXT, "backbone": made_for})
    loaded = load_prompt(folder / "prompts" / "ddpt", backbone=backbone)
    Trajectory.record(loaded, STEPS, seed=0).save(folder / "runs" / "large")


def shipped_services(folder: Path):
    """Returns the services of the app as it is."""
    from app.page.services import Services

    return Services(folder / "cache")


def large_services(folder: Path):
    """Returns the services of an app whose embedded backbone is the large one."""
    from app.page.services import Services

    backbone = LargeBackbone()
    registry.ASSETS = folder / "assets"
    write_assets(registry.ASSETS, backbone)
    services = Services(folder / "cache")
    services.backbone = lambda name=registry.DEFAULT: backbone
    return services


WORLDS: dict[str, Callable] = {"shipped": shipped_services, "large": large_services}


def main() -> None:
    """Serves one world until the process is ended."""
    parser = argparse.ArgumentParser("python -m benchmarks.viewer_world")
    parser.add_argument("kind", choices=sorted(WORLDS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    os.environ["DDPT_HOME"] = str(given.folder / "home")
    services = WORLDS[given.kind](given.folder)
    runs = services.of(Runs)
    runs.open(next(iter(runs.entries())), lambda share, text: None)  # packs it, if it is not packed

    from app.main import build_app, launch_settings

    page = build_app(services)
    services.of(Runs).warm()
    page.launch(server_name="127.0.0.1", server_port=given.port, **launch_settings(services))


if __name__ == "__main__":
    main()
