"""Writing the finished backbone: safetensors shards, tokenizer, model card and the picture of its curves."""

import json
import logging
import platform
from importlib import metadata
from pathlib import Path

from ddpt_core.backbone.loading import load_backbone
from ddpt_core.pretrain.batches import MIX_FROM
from ddpt_core.pretrain.contexts import CONTEXTS
from ddpt_core.pretrain.corpus import licence_of
from ddpt_core.pretrain.idioms import all_idioms
from ddpt_core.pretrain.judgement import judge
from ddpt_core.pretrain.training import PretrainConfig, trained_model
from ddpt_core.tuning.config import DEFAULT_CONTEXT

log = logging.getLogger(__name__)

PICTURE = "curve.svg"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")  # Okabe and Ito's, for every kind of colour vision
MAX_SHARD = "8500KB"  # a Hugging Face Space takes files up to 10 MB without LFS


def export(work: Path, out: Path, config: PretrainConfig) -> None:
    """Writes the backbone trained in `work` to `out`, stored in half precision, with README.md as its card."""
    model, tokenizer = trained_model(work, config)
    parameters = sum(p.numel() for p in model.parameters())
    model.half().save_pretrained(out, max_shard_size=MAX_SHARD)
    tokenizer.save_pretrained(out)
    log.info("judging what it writes")
    shares = judge(load_backbone(out), config.judged)
    curve = [json.loads(line) for line in (work / "curve.jsonl").open()]
    counts = json.loads((work / "sources.json").read_text())
    (out / "curve.json").write_text(json.dumps([r for r in curve if "validation" in r], indent=1))
    families = json.loads((work / "families.json").read_text())
    (out / PICTURE).write_text(picture([r for r in curve if "validation" in r]))
    (out / "README.md").write_text(card(curve, counts, families, shares, parameters, config))


def card(
    curve: list[dict],
    counts: dict[str, int],
    families: dict[str, int],
    shares: dict[str, float | None],
    parameters: int,
    config: PretrainConfig,
) -> str:
    """Returns the model card: what it is, data and licences, how it was made, losses, what it cannot do."""
    last = curve[-1]
    losses = [r for r in curve if "validation" in r]
    shown = losses[:: max(1, len(losses) // 8)]
    if shown[-1] is not losses[-1]:
        shown.append(losses[-1])
    names = list(losses[-1]["validation"])
    rows = "\n".join(
        f"| {r['step']:,} | {r['tokens'] / 1e6:.1f} | "
        + " | ".join(_figure(r["validation"].get(n)) for n in names)
        + " |"
        for r in shown
    )
    written = "\n".join(f"| {name} | {_figure(share)} |" for name, share in shares.items())
    options = " ".join(f"--{name} {getattr(config, name)}" for name in ("steps", "seed", "rate", "instances"))
    trained = [name for name, count in families.items() if count]
    held_out = [name for name, count in families.items() if not count]
    return f"""---
license: apache-2.0
library_name: transformers
pipeline_tag: text2text-generation
language: [en, code]
---

# The embedded backbone

A T5 encoder-decoder of {parameters / 1e6:.1f} M parameters that answers short instructions with Python code, trained
from scratch. It is the frozen model of DDPT Explorer's embedded default: small enough to ship, real enough that a
prompt's context changes what it writes.

## Made by

    python -m ddpt_core.pretrain {options}

{last["step"]:,} steps, {last["tokens"] / 1e6:.1f} M tokens (padding not counted), {last["seconds"] / 3600:.2f} hours on
{last.get("threads", 1)} {platform.machine()} CPU threads in bfloat16 autocast. Stored in float16, loaded in float32.

## Data

- {sum(counts.values()):,} pairs mined from docstrings, comments and doctests of the Python standard library and of
  installed packages under permissive licences, kept only where text and code share words (table below).
- {config.instances:,} instances of {len(trained)} families of small tasks that this project writes
  (`ddpt_core/data/families`). Never trained on: the families {", ".join(held_out)}; the last two phrasings of every
  family; a tenth of all values. From step {MIX_FROM:,} on also in ten further wordings each
  (`ddpt_core/pretrain/requests_of_families.txt`), written without a look at those held out.
  Idioms and requests put together from parts draw values freely, so a few held-out answers occur among theirs.
- From step {MIX_FROM:,} on {config.instances:,} instances of {len(all_idioms()):,} idioms that this project writes
  (`ddpt_core/pretrain/idioms`), each requested in several wordings; none is what a held-out family asks for.
- {config.instances:,} requests put together from parts (`ddpt_core/pretrain/compositions.py`), none of which asks for
  what a held-out family asks. A quarter of all one-line answers also stand in other forms (assigned, printed, as a
  function, as a lambda, with double quotes), which only the context asks for.
- Contexts (`ddpt_core/pretrain/contexts.py`): {sum(map(len, CONTEXTS.values()))} phrasings for {len(CONTEXTS)} kinds of
  answer ({", ".join(CONTEXTS)}).

Not trained on CoNaLa, CodeAlpaca, MBPP or HumanEval.

## Validation loss, nats per token, on pairs held out from training

| step | M tokens | {" | ".join(names)} |
|---|---|{"---|" * len(names)}
{rows}

![Validation loss against tokens seen]({PICTURE})

"idiom" are idioms in wordings that are never trained on.

## What it writes for requests held out from training

Under the context "{DEFAULT_CONTEXT}", greedily; shares of requests.

| measure | share |
|---|---|
{written}

## What it cannot do

It knows short Python only: one line or a short function. It often answers with the right kind of expression and the
wrong name or argument, and it repeats itself on requests unlike its families. It knows no facts, no other language,
and its code must not be trusted without tests.

## Mined packages

| package | licence | pairs |
|---|---|---|
{chr(10).join(_source_row(name, count) for name, count in counts.items())}
"""


def picture(losses: list[dict]) -> str:
    """Returns an SVG of the validation losses against millions of tokens, one line for each kind of pair."""
    kinds = list(losses[-1]["validation"])
    most = max(r["tokens"] for r in losses)
    top = max(v for r in losses for v in r["validation"].values())
    lines = []
    for kind, colour in zip(kinds, COLOURS, strict=False):
        points = [(r["tokens"] / most, r["validation"][kind] / top) for r in losses if kind in r["validation"]]
        at = [(50 + 480 * x, 270 - 240 * y) for x, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        lines.append(f'<text x="{at[-1][0] + 6:.0f}" y="{at[-1][1] + 4:.0f}" fill="{colour}">{kind}</text>')
    ticks = [f'<text x="8" y="{274 - 240 * share:.0f}">{top * share:.1f}</text>' for share in (0, 0.5, 1)]
    ticks += [f'<text x="{50 + 480 * share:.0f}" y="290">{most * share / 1e6:.0f}</text>' for share in (0, 0.5, 1)]
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 620 310" font-family="sans-serif" font-size="12">
<rect width="620" height="310" fill="white"/><path d="M50 30V270H530" fill="none" stroke="#555"/>
<text x="50" y="18">validation loss, nats per token, against millions of tokens seen</text>
{chr(10).join([*ticks, *lines])}
</svg>
"""


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _source_row(name: str, count: int) -> str:
    if name == "python":
        return f"| Python {platform.python_version()} standard library | PSF-2.0 | {count:,} |"
    distribution = metadata.distribution(name)
    licence = licence_of(distribution).replace("License :: OSI Approved :: ", "")
    return f"| {name} {distribution.version} | {licence} | {count:,} |"
