"""A study of one steerable prompt: does it follow its styles, and do steps, seeds, guidance and the LLM loss matter?

Its file holds one key, `steering`; its results and its report lie beside each other, as those of any study.
"""

import json
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, cast

from ddpt_core.arms import ALL_ARMS, DISTRIBUTION
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.styles import check_guidance
from ddpt_core.errors import ConfigError, require_choice, require_range
from ddpt_core.files import check_writable, write_files
from ddpt_core.prompts.checkpoint import load_prompt
from ddpt_core.prompts.distribution import DistributionPrompt
from ddpt_core.prompts.library import tasks_of
from ddpt_core.settings import REPORT, REPORT_PAGE, RESULTS, TrainConfig
from ddpt_core.steering.diagnostics import Diagnosis, Sizes
from ddpt_core.study.document import markdown
from ddpt_core.study.page import page
from ddpt_core.study.pictures import svg
from ddpt_core.study.report import pictures_of
from ddpt_core.study.steering_report import report
from ddpt_core.training.trainer import train

KEY = "steering"  # of the study file
FORMAT = 1
Tell = Callable[[float, str], None]


@dataclass(frozen=True)
class SteeringPlan:
    """What is measured: the prompt, and how much of it.

    For each of `llm_weights` a denoiser is trained anew from the prompt's own library, by `training_steps`.
    """

    prompt: str = DISTRIBUTION
    sizes: Sizes = field(default_factory=Sizes)
    llm_weights: tuple[float, ...] = ()
    training_steps: int = ALL_ARMS[DISTRIBUTION].steps or 1


def read_plan(raw: Any) -> SteeringPlan | None:
    """Returns the plan of a study file's content, None if it is of another kind; raises ConfigError."""
    if not isinstance(raw, dict) or KEY not in raw:
        return None
    given = raw[KEY]
    if not isinstance(given, dict):
        raise ConfigError(f"The key {KEY} must hold keys of its own, such as `prompt: distribution`, got {given!r}.")
    own, sizes = {one.name for one in fields(SteeringPlan)} - {"sizes"}, {one.name for one in fields(Sizes)}
    for key in given:
        require_choice(f"key of {KEY}", key, own | sizes)
    for key in ("steps", "guidances", "llm_weights"):
        value = given.get(key, [])
        if not isinstance(value, list) or not all(type(one) in (int, float) for one in value):
            raise ConfigError(f"The key {key} of {KEY} must be a list of numbers, such as [0, 1], got {value!r}.")
    counted: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    plan = SteeringPlan(
        sizes=Sizes(**{key: value for key, value in counted.items() if key in sizes}),
        **{key: value for key, value in counted.items() if key in own},
    )
    for name in ("requests", "seeds", "at", "unconditional", "paths", "moments"):
        require_range(name, getattr(plan.sizes, name), 1, 10_000)
    for steps in plan.sizes.steps:
        require_range("steps", steps, 1, 1_000_000)
    for guidance in plan.sizes.guidances:
        check_guidance(guidance)
    require_range("training_steps", plan.training_steps, 1, 10_000_000)
    return plan


def run_steering(
    name: str, plan: SteeringPlan, out: Path, load: Callable[[str], FrozenLM], command: str, tell: Tell | None = None
) -> dict[str, Any]:
    """Returns the results of a steering study, written to `out` with its report; trainings in it go on if stopped.

    Raises ConfigError for a prompt without styles.
    """
    say = tell or (lambda share, text: None)
    check_writable(out)
    first = load_prompt(plan.prompt)
    backbone = load(first.info["backbone"]["name"])
    prompt = load_prompt(plan.prompt, backbone)
    if not isinstance(prompt, DistributionPrompt):
        raise ConfigError(f"The prompt {prompt.name!r} has no styles; choose one that was learned from a library.")
    whole = 1 + len(plan.llm_weights)
    figures = Diagnosis(prompt, backbone, plan.sizes).told(lambda share, text: say(share / whole, text))
    weights = []
    for place, weight in enumerate(plan.llm_weights):
        say((1 + place) / whole, f"a denoiser with LLM weight {weight:g}")
        weights.append(_with_weight(prompt, backbone, plan, weight, out))
    results = {
        "format": FORMAT,
        "kind": KEY,
        "name": name,
        "command": command,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version()}
        | {one: metadata.version(one) for one in ("torch", "transformers", "diffusers")},
        "prompt": {"name": prompt.name, "sha256": prompt.info["weights_sha256"], "styles": list(prompt.styles)},
        "library": prompt.info["library"],
        "backbone": prompt.info["backbone"],
        "plan": asdict(plan),
        "figures": figures,
        "llm_weights": weights,
    }
    write_report(results, out)
    return results


def write_report(results: dict[str, Any], out: Path, as_page: bool = True) -> None:
    """Writes results.json, and the report as Markdown with its pictures and, some MB, as a page."""
    blocks = report(results)
    files = {picture.name: svg(picture.chart) for picture in pictures_of(blocks)}
    files |= {RESULTS: json.dumps(results, indent=1) + "\n", REPORT: markdown(blocks)}
    write_files(out, files | ({REPORT_PAGE: page(f"Study: {results['name']}", blocks)} if as_page else {}))


def _with_weight(
    prompt: DistributionPrompt, backbone: FrozenLM, plan: SteeringPlan, weight: float, out: Path
) -> dict[str, Any]:
    """Returns figures of a denoiser that is trained with another weight of the LLM loss, from the same library."""
    folder = out / f"llm-weight-{weight:g}"
    home = str(prompt.folder)
    config = TrainConfig(**prompt.info["config"])
    steps = plan.training_steps
    config = replace(config, library=home, llm_weight=weight, steps=steps, validate_every=steps)
    for _ in train(backbone, tasks_of(home), folder, config, resume=folder.exists()):
        pass
    made = cast(DistributionPrompt, load_prompt(folder, backbone))
    sizes = replace(plan.sizes, steps=(1, plan.sizes.at), guidances=(1.0,))
    diagnosis = Diagnosis(replace(made, folder=prompt.folder), backbone, sizes)
    return {
        "llm_weight": weight,
        "seconds": made.info["metrics"]["seconds"],
        "steps": [diagnosis.sampled(steps, 1.0) for steps in sizes.steps],
        "seeds": diagnosis.seeds(),
    }
