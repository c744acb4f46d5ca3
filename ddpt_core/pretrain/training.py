"""Training the embedded backbone: data, loop, validation, checkpoint, export. One command, resumable, fixed seeds."""

import json
import logging
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from transformers import PreTrainedTokenizerFast, T5ForConditionalGeneration

from ddpt_core.data.families import FAMILIES, held_out_instances, training_instances
from ddpt_core.data.task import Task
from ddpt_core.errors import ArtifactError
from ddpt_core.pretrain.batches import BUCKETS, IGNORED, Batches, PairSource
from ddpt_core.pretrain.compositions import compositions
from ddpt_core.pretrain.corpus import Pair, mine
from ddpt_core.pretrain.forms import forms_of
from ddpt_core.pretrain.idioms import idiom_pairs
from ddpt_core.pretrain.model import ModelSize, new_model, new_optimizers, rate_factor
from ddpt_core.pretrain.rephrasings import rephrasings
from ddpt_core.pretrain.tokenizer import train_tokenizer
from ddpt_core.tuning.training_state import load_state, save_state

log = logging.getLogger(__name__)

VALIDATION_SHARE = 50  # one mined pair in fifty
CLIP_NORM = 1.0


@dataclass(frozen=True)
class PretrainConfig:
    """What the recipe may vary.

    `instances` counts the pairs drawn from the task families, the idioms and the compositions, each; `judged` the
    held-out requests of each kind that the finished backbone is judged by.
    """

    steps: int = 6_000
    rate: float = 2e-3
    seed: int = 0
    vocabulary: int = 8_192
    instances: int = 240_000
    size: ModelSize = field(default_factory=ModelSize)
    judged: int = 200
    save_every: int = 200
    validate_every: int = 500


def prepare(work: Path, config: PretrainConfig) -> tuple[PreTrainedTokenizerFast, dict, dict]:
    """Returns (tokenizer, training sources, validation sources); mined pairs and tokenizer are kept in `work`."""
    mined_file = work / "pairs.jsonl"
    if not mined_file.is_file():
        pairs, counts = mine()
        part = mined_file.with_suffix(".part")
        part.write_text("".join(json.dumps(asdict(p)) + "\n" for p in pairs))
        (work / "sources.json").write_text(json.dumps(counts, indent=1))
        part.rename(mined_file)
    pairs = [Pair(**json.loads(line)) for line in mined_file.open()]
    random.Random(config.seed).shuffle(pairs)
    tasks = training_instances(config.instances, config.seed)
    if not (work / "tokenizer").is_dir():
        texts = [t for p in pairs for t in (p.text, p.code)] + [t.instruction for t in tasks[:20_000]]
        train_tokenizer(texts, config.vocabulary).save_pretrained(work / "tokenizer")
    drawn = Counter(task.id.split("/")[0] for task in tasks)
    (work / "families.json").write_text(json.dumps({name: drawn[name] for name in FAMILIES}, indent=1))
    tokenizer = PreTrainedTokenizerFast.from_pretrained(work / "tokenizer")
    cut = len(pairs) // VALIDATION_SHARE
    unseen = held_out_instances(1_000, config.seed, by="phrasing")
    own = own_pairs(config.instances, config.seed) | {"composition": compositions(config.instances, config.seed)}
    training = sources_of(tokenizer, pairs[cut:], tasks, own)
    log.info("training pairs: %s", {name: len(source) for name, source in training.items()})
    own = {"composition": compositions(1_000, config.seed + 1)}
    own |= {"idiom": idiom_pairs(1_000, config.seed, "statement", unseen=True)}
    return tokenizer, training, sources_of(tokenizer, pairs[:cut], unseen, own)


def own_pairs(count: int, seed: int) -> dict[str, list[tuple[str, str]]]:
    """Returns source -> (request, code) pairs of the idioms, and of the training families in further wordings."""
    pairs = {
        "idiom": idiom_pairs(count, seed, "statement"),
        "idiom function": idiom_pairs(count // 10, seed, "function"),
        "rephrased statement": [],
        "rephrased function": [],
    }
    for task in training_instances(count, seed + 1, rephrasings):
        pairs[f"rephrased {kind_of(task)}"].append((task.instruction, task.reference))
    return pairs


def kind_of(task: Task) -> str:
    """Returns "function" for a task whose answer is a definition, else "statement"."""
    return "function" if task.reference.startswith(("def ", "class ")) else "statement"


def sources_of(
    tokenizer, pairs: list[Pair], tasks: list[Task], own: dict[str, list[tuple[str, str]]]
) -> dict[str, PairSource]:
    """Returns the sources that `batches.BUCKETS` mixes; functions and tasks also serve reversed, code to text.

    A quarter of the answers of one line serve in another form as well.
    """
    by_name: dict[str, list[tuple[str, str]]] = {}
    for pair in pairs:
        by_name.setdefault(pair.kind, []).append((pair.text, pair.code))
        if pair.kind == "function":
            by_name.setdefault("explain", []).append((pair.code, pair.text))
    for i, task in enumerate(tasks):
        by_name.setdefault(f"family {kind_of(task)}", []).append((task.instruction, task.reference))
        if i % 8 == 0:
            by_name.setdefault("family explain", []).append((task.reference, task.instruction))
    by_name |= own
    lines = [*by_name.get("family statement", []), *own["composition"]]
    for i, (text, code) in enumerate(lines[::4]):
        forms = forms_of(code)
        if forms:
            form = list(forms)[i % len(forms)]
            by_name.setdefault(form, []).append((text, forms[form]))
    bucket_of = {source: bucket for bucket in BUCKETS.values() for source in (*bucket.first, *bucket.mix)}
    return {
        name: PairSource(tokenizer, [text for text, _ in rows], [code for _, code in rows], bucket_of[name])
        for name, rows in by_name.items()
    }


def token_loss(model: T5ForConditionalGeneration, inputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Returns the mean cross-entropy of the target tokens; logits are made for real tokens only.

    Padding is near half of a batch, and the vocabulary's matrix product the dearest of all.
    """
    mask = inputs.ne(model.config.pad_token_id or 0).long()
    encoded = model.encoder(input_ids=inputs, attention_mask=mask).last_hidden_state
    decoded = model.decoder(
        input_ids=model._shift_right(labels),
        encoder_hidden_states=encoded,
        encoder_attention_mask=mask,
        use_cache=False,
    ).last_hidden_state
    real = (labels != IGNORED).flatten().nonzero().squeeze(1)
    states = decoded.flatten(0, 1)[real] * model.config.d_model**-0.5  # (B,L,D) -> (tokens,D)
    return F.cross_entropy(model.lm_head(states).float(), labels.flatten()[real])


@torch.no_grad()
def validate(model: T5ForConditionalGeneration, tokenizer, sources: dict[str, PairSource]) -> dict[str, float]:
    """Returns the mean token loss of each bucket, and of idioms in unseen wordings, on the same unseen pairs always."""
    model.eval()
    batches = Batches(tokenizer, sources, seed=1)
    mixes = {name: (name, bucket.first) for name, bucket in BUCKETS.items()} | {"idiom": ("line", {"idiom": 1.0})}
    losses = {name: [token_loss(model, *batches.batch(*mix)).item() for _ in range(2)] for name, mix in mixes.items()}
    model.train()
    return {name: sum(values) / len(values) for name, values in losses.items()}


def pretrain(work: Path, config: PretrainConfig, resume: bool) -> Iterator[dict]:
    """Trains in `work`, yields a record every 20 steps; a state is saved every `save_every` steps and at the end.

    Raises ArtifactError if `work` holds the state of a training that is not to be resumed.
    """
    state, curve = work / "state.safetensors", work / "curve.jsonl"
    if state.is_file() and not resume:
        raise ArtifactError(f"The folder {work} holds a training; go on with --resume, or give another with --work.")
    work.mkdir(parents=True, exist_ok=True)
    tokenizer, training, validation = prepare(work, config)
    model = new_model(config.size, tokenizer, config.seed)
    optimizers = new_optimizers(model, config.rate)
    batches = Batches(tokenizer, training, config.seed)
    numbers: dict[str, Any] = {"step": 0, "tokens": 0, "seconds": 0.0}
    if resume and state.is_file():
        numbers = load_state(state, model, optimizers)
        version, words, gauss = numbers["rng"]
        batches.rng.setstate((version, tuple(words), gauss))
    cut_curve(curve, numbers["step"])
    tokens, earlier, start = numbers["tokens"], numbers["seconds"], time.monotonic()
    losses: list[float] = []
    for step in range(numbers["step"], config.steps):
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = config.rate * rate_factor(step, config.steps)
        inputs, labels = batches.draw(step)
        with torch.autocast("cpu", torch.bfloat16):
            loss = token_loss(model, inputs, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        tokens += int((inputs != tokenizer.pad_token_id).sum() + (labels != IGNORED).sum())
        done = step + 1
        record: dict[str, Any] = {"step": done, "tokens": tokens, "seconds": earlier + time.monotonic() - start}
        if done % config.save_every == 0 or done == config.steps:
            save_state(state, model, optimizers, {**record, "rng": batches.rng.getstate()})
        if done % 20 == 0 or done == config.steps:
            record |= {"loss": sum(losses) / len(losses), "threads": torch.get_num_threads()}
            losses = []
            if done % config.validate_every == 0 or done == config.steps:
                record["validation"] = validate(model, tokenizer, validation)
            with curve.open("a") as file:
                file.write(json.dumps(record) + "\n")
            yield record


def cut_curve(curve: Path, step: int) -> None:
    """Removes the records after `step` from a curve: what a killed training wrote after its last state."""
    kept = [line for line in curve.open() if json.loads(line)["step"] <= step] if curve.is_file() else []
    curve.write_text("".join(kept))


def trained_model(work: Path, config: PretrainConfig) -> tuple[T5ForConditionalGeneration, PreTrainedTokenizerFast]:
    """Returns the model of the state saved in `work`, and its tokenizer."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(work / "tokenizer")
    model = new_model(config.size, tokenizer, config.seed)
    load_state(work / "state.safetensors", model, [])
    return model.eval(), tokenizer
