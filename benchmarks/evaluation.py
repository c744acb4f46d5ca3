"""Evaluation of three arms, against bare `generate` over the same sequences.

Both sides read context and instruction of manual prompt, prompt tuning and DDPT for N of the project's own tasks, with
the default backbone, which answers them in earnest: some answers are of three tokens, some of sixty. Ours is
`evaluate`, with all that belongs to it: reading tasks, scores, bootstrap intervals, and two files. The other is
transformers' `generate` over the 3N sequences in their order, in batches of one arm, and the text of what it wrote; the
inputs are made beforehand. Each side has the batch size that is the fastest for it.

Both have one thread. Seconds are of processor time, which a busy machine stretches less than those of the wall.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from benchmarks.pairs import Result, in_turn, one_thread
from ddpt_core.answering import evaluate as module
from ddpt_core.answering import writing
from ddpt_core.answering.arms import choose_prompts, make_arms
from ddpt_core.backbone.decoder_only import DecoderOnly
from ddpt_core.backbone.frozen_lm import FrozenLM, GenerationSettings
from ddpt_core.backbone.loading import load_backbone
from ddpt_core.data.readers import load_tasks

GOAL = 1.05
TASKS, COUNT = "families:value", 96  # held out from training
SIZES = (32, 48, 96)  # of batches
LONGEST = GenerationSettings().max_new_tokens


def measure() -> Iterator[Result]:
    """Yields one result; takes three minutes."""
    backbone = load_backbone(device="cpu")
    prompts = choose_prompts(backbone)
    inputs = {size: inputs_of(backbone, prompts, size) for size in SIZES}
    found: dict[str, list[str]] = {}

    def ours(size: int) -> None:
        writing.BATCH = size
        with tempfile.TemporaryDirectory() as folder:
            module.evaluate(TASKS, folder, backbone=backbone, prompts=prompts, limit=COUNT)
            lines = (Path(folder) / module.PREDICTIONS).read_text(encoding="utf-8").split("\n")
            found["evaluate"] = [json.loads(line)["answer"] for line in lines if line]

    def plain(size: int) -> None:
        found["generate"] = generate(backbone, inputs[size])

    with one_thread():
        ours(COUNT)  # samples the contexts, which are kept, and loads what scoring needs
        best = {name: best_size(side) for name, side in (("evaluate", ours), ("generate", plain))}
        pairs = in_turn(lambda: ours(best["evaluate"]), lambda: plain(best["generate"]), clock=time.process_time)
    seconds = dict(zip(("evaluate", "generate"), pairs.medians(), strict=True))
    differing = sum(a != b for a, b in zip(found["evaluate"], found["generate"], strict=True))
    details = {"sequences": len(found["generate"]), "batch": best, "answers_that_differ": differing}
    yield Result("evaluation", pairs.ratio, GOAL, seconds, len(pairs.ours), details)


Inputs = list[dict[str, torch.Tensor]]  # of batches, as `generate` takes them


def inputs_of(backbone: FrozenLM, prompts: dict, size: int) -> Inputs:
    """Returns the inputs of every arm's tasks, in batches of `size`, as the backbone's architecture lays them out."""
    texts = [task.instruction for task in load_tasks(TASKS, COUNT)]
    architecture = backbone.architecture
    if isinstance(architecture, DecoderOnly):  # it reads tokens, of which the last are those before an answer
        texts = [[*row, *architecture.tail] for row in architecture.texts.bare_rows(texts)]
    return [
        architecture.inputs(arm.context, texts[start : start + size])
        for arm in make_arms(backbone, prompts)
        for start in range(0, len(texts), size)
    ]


@torch.no_grad()
def generate(backbone: FrozenLM, inputs: Inputs) -> list[str]:
    """Returns what transformers writes for all inputs."""
    texts = []
    for batch in inputs:
        written = backbone.model.generate(**batch, do_sample=False, max_new_tokens=LONGEST)
        texts += backbone.tokenizer.batch_decode(written, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return [text.strip() for text in texts]


def best_size(side: Callable[[int], None]) -> int:
    """Returns the batch size that takes a side the least processor time."""
    seconds = {}
    for size in SIZES:
        start = time.process_time()
        side(size)
        seconds[size] = time.process_time() - start
    return min(seconds, key=seconds.__getitem__)
