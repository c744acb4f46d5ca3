"""Can a prompt for each instruction beat prompt tuning, whose one prompt must serve all? At the same budget, on CoNaLa.

    python -m recipes.instructed DATA --out DIR [--ship]     (DATA holds conala/train.jsonl and conala/dev.jsonl)

Clusters of the training tasks, a library of prompts tuned to them, a denoiser over it under the instruction, and prompt
tuning that may read as many tasks as all of that together. Both are chosen on validation tasks, and the dev set is
answered once. What is there already is not done again; about an hour of one core. Writes results.json to DIR, with
`--ship` also to assets/instructed.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ddpt_core.answering.evaluate import evaluate
from ddpt_core.arms import ALL_ARMS, INSTRUCTED, MANUAL, PROMPT_TUNING
from ddpt_core.backbone import registry
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.backbone.loading import load_backbone
from ddpt_core.data.readers import load_tasks
from ddpt_core.files import write_files
from ddpt_core.metrics.statistics import holm, paired_bootstrap
from ddpt_core.metrics.text_metrics import METRICS, item_statistics
from ddpt_core.prompts.checkpoint import load_prompt
from ddpt_core.prompts.library import tasks_of
from ddpt_core.settings import PREDICTIONS, RESULTS, TrainConfig
from ddpt_core.steering.build import LibraryPlan, build_library
from ddpt_core.steering.by_instruction import finish
from ddpt_core.steering.clusters import FILE, write_clusters
from ddpt_core.training.trainer import train

CLUSTERS, LIBRARY_STEPS = 6, 30
LLM_STEPS, LLM_EVERY = 300, 5
VALIDATIONS = 6
SAMPLES = 10_000  # of the paired bootstrap
DEV, TRAIN = "conala/dev.jsonl", "conala/train.jsonl"


def trained(backbone: FrozenLM, data: str | list[str], out: Path, config: TrainConfig) -> None:
    """Trains a prompt in `out`, or goes on with it."""
    with tqdm(total=config.steps, desc=out.name, mininterval=10) as bar:
        for at in train(backbone, data, out, config, resume=out.exists()):
            bar.update(at.step - bar.n)


def settings(method: str, steps: int, **more: Any) -> TrainConfig:
    """Returns the settings that both methods share, with the method's own rate."""
    every = -(-steps // VALIDATIONS)
    shared = {"validate_every": every, "save_every": every, "validation_tasks": 96}
    return TrainConfig(method, steps=steps, lr=ALL_ARMS[method].rate or 1e-3, **shared, **more)


def compared(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns for each pair with the prompt by instruction the ratio of BLEU-4, with interval and corrected p."""
    of: dict[str, Any] = {}
    for arm in {row["arm"]: None for row in rows}:
        own = [row for row in rows if row["arm"] == arm]
        of[arm] = item_statistics([row["prediction"] for row in own], [row["reference"] for row in own])["bleu"]
    reduce, others = METRICS["bleu"].sums.reduce, [arm for arm in of if arm != INSTRUCTED]
    found = [paired_bootstrap(of[arm], of[INSTRUCTED], reduce, SAMPLES) for arm in others]
    corrected = holm([one.p_value for one in found])
    return [
        {"against": arm, "ratio": one.ratio, "ratio_ci95": one.ratio_ci95, "p_value": one.p_value, "p_corrected": p}
        for arm, one, p in zip(others, found, corrected, strict=True)
    ]


def main() -> None:
    """Does all of it, and prints a line for each arm and pair."""
    parser = argparse.ArgumentParser("python -m recipes.instructed")
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--ship", action="store_true", help="copy results.json to assets/instructed")
    given = parser.parse_args()
    backbone, home = load_backbone(), given.out
    path = home / "library" / FILE
    if not path.is_file():
        write_clusters(backbone, [given.data / TRAIN], CLUSTERS, path.parent)
    names = tuple(dict.fromkeys(task.style for task in load_tasks(path)))
    plan = LibraryPlan(names, steps=LIBRARY_STEPS)
    with tqdm(total=100, desc="library", mininterval=10) as bar:
        library = build_library(backbone, path.parent, plan, [path], lambda s, _: bar.update(100 * s - bar.n))
    tasks, folder = tasks_of(home / "library"), home / INSTRUCTED
    more = {"library": str(home / "library"), "llm_weight": 1.0, "llm_every": LLM_EVERY}
    config = settings(INSTRUCTED, LLM_STEPS * LLM_EVERY, **more)
    trained(backbone, tasks, folder, config)
    finish(folder, backbone, tasks)
    read = library.info["llm_passes"] * plan.batch_size + LLM_STEPS * config.batch_size
    trained(backbone, str(given.data / TRAIN), home / PROMPT_TUNING, settings(PROMPT_TUNING, read // config.batch_size))
    prompts = {name: load_prompt(home / name, backbone) for name in (PROMPT_TUNING, INSTRUCTED)}
    arms = (MANUAL, PROMPT_TUNING, INSTRUCTED)
    report = evaluate(given.data / DEV, home / "dev", backbone=backbone, prompts=prompts, names=arms)
    rows = [json.loads(line) for line in (home / "dev" / PREDICTIONS).read_text(encoding="utf-8").splitlines()]
    results = {
        "command": "python -m recipes.instructed DATA --out DIR",
        "tasks_read": {"library": library.info["llm_passes"] * plan.batch_size, "in all": read},
        "seconds": {"library": library.info["seconds"]}
        | {name: prompt.info["metrics"]["seconds"] for name, prompt in prompts.items()},
        "validation_loss": {name: prompt.info["metrics"]["validation_loss"] for name, prompt in prompts.items()},
        "by_instruction": prompts[INSTRUCTED].info["metrics"]["by_instruction"],
        "dev": {"tasks": report["data"]["tasks"], "arms": report["arms"], "pairs": compared(rows)},
    }
    write_files(home, {RESULTS: json.dumps(results, indent=1) + "\n"})
    if given.ship:
        write_files(registry.ASSETS / INSTRUCTED, {RESULTS: json.dumps(results, indent=1) + "\n"})
    for name, arm in report["arms"].items():
        low, high = arm["ci95"]["bleu"]
        print(f"{name}: BLEU-4 {arm['bleu']:.1f} [{low:.1f}, {high:.1f}]")
    for pair in results["dev"]["pairs"]:
        low, high = pair["ratio_ci95"]
        print(
            f"by instruction / {pair['against']}: {pair['ratio']:.2f} [{low:.2f}, {high:.2f}], "
            f"corrected p {pair['p_corrected']:.2g}"
        )


if __name__ == "__main__":
    main()
