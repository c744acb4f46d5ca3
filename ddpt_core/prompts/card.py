"""The card of a trained prompt: README.md beside its weights, made from prompt.json alone."""

from dataclasses import asdict
from typing import Any

from ddpt_core.arms import DDPT
from ddpt_core.settings import TrainConfig

# Options that the command names where they are not the default.
FURTHER = ("hidden", "diffusion_weight", "bound", "accumulate", "mixed_precision")
DEFAULTS = asdict(TrainConfig(DDPT))
WAYWARDNESS = "Nearest tokens of a soft prompt do not explain it (prompt waywardness, arXiv 2112.08348)."


def prompt_card(info: dict[str, Any]) -> str:
    """Returns the Markdown card of a prompt: what it is, data, command, figures, caveats."""
    config, data, metrics = info["config"], info["data"], info["metrics"]
    options = {
        "method": config["method"],
        "data": " --data ".join(data["source"].split(" + ")),
        "backbone": info["backbone"]["name"],
        "context": f'"{config["context"]}"',
        "context-length": config["context_length"],
        "steps": config["steps"],
        "batch-size": config["batch_size"],
        "lr": config["lr"],
        "seed": config["seed"],
    }
    if config.get("library"):
        options |= {"library": "DIR", "llm-weight": config["llm_weight"]}
    further = {name: config.get(name, DEFAULTS[name]) for name in FURTHER}
    options |= {name.replace("_", "-"): value for name, value in further.items() if value != DEFAULTS[name]}
    if metrics["steps"] < config["steps"]:
        options["stop-at"] = metrics["steps"]
    unit = "nats per token"
    if config.get("bound"):
        unit = f"generalised cross-entropy, q = {config['bound']}"
    command = " ".join(f"--{name} {value}" for name, value in options.items())
    lines = [
        f"# {config['method']} prompt",
        "",
        f"A context of {config['context_length']} positions for the frozen backbone `{info['backbone']['name']}` "
        f"(sha256 {info['backbone']['sha256'][:12]}…), started from the text “{config['context']}”.",
        "",
        f"    python -m ddpt_core train {command} --out DIR",
        "",
        "| figure | value |",
        "|---|---|",
        f"| trained parameters | {info['trainable_parameters']:,} |",
        f"| data | {data['source']} |",
        f"| tasks for training / validation | {data['training_tasks']:,} / {data['validation_tasks']:,} |",
        _budget(config, metrics),
        f"| validation loss, {unit} | {metrics['validation_loss']:.4f}, at step {metrics['best_step']:,} |",
        f"| time | {metrics['seconds']:.0f} s |",
    ]
    if (spread := metrics.get("seed_spread")) is not None:
        ablation = metrics["steps_ablation"]
        lines.append(f"| seed spread: deviation over 8 seeds / the vocabulary's | {spread:.2g} |")
        lines += [f"| validation loss with {steps} steps, seed 0 | {loss:.4f} |" for steps, loss in ablation.items()]
        lines += ["", *_what_the_diffusion_adds(spread, config.get("diffusion_weight", 0.0))]
    return "\n".join([*lines, "", WAYWARDNESS, ""])


def _budget(config: dict[str, Any], metrics: dict[str, Any]) -> str:
    """Returns how much was learned from: LLM passes, or steps over a library with few passes or none."""
    if not config.get("library"):
        return f"| LLM forward passes | {metrics['steps']:,} of {config['batch_size']} tasks |"
    passes = f"about one in {config['llm_every']} with an LLM pass of {config['batch_size']} tasks, weight"
    with_llm = f"{passes} {config['llm_weight']:g}" if config["llm_weight"] else "none with an LLM pass"
    return f"| steps over the library | {metrics['steps']:,}, {with_llm} |"


def _what_the_diffusion_adds(spread: float, weight: float) -> list[str]:
    if spread >= 0.05:
        return [f"The final context depends on the noise: its spread over seeds is {spread:.1%} of the vocabulary's."]
    why = ["with the LLM loss alone nothing asks it to."]
    if weight:
        why = [
            "the LLM loss does not ask it to, and",
            "the diffusion term asks for one and the same x_0 from all noise.",
        ]
    return [
        f"The final context hardly depends on the noise (spread {spread:.2g} of the vocabulary's):",
        *why,
        "Where the losses above are equal too, many steps give the same prompt as one call.",
    ]
