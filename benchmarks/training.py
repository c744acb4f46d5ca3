"""A DDPT training step, against a step of peft's prompt tuning on the same frozen SmolLM2-135M-Instruct.

Ours is a step of `train` as it is: drawing a batch, tokens, noise, denoiser, the backbone forwards and backwards,
clipping, AdamW. The other is the loss that peft's own model class, PeftModelForCausalLM, returns for the same tokens of
the same batch, backwards, and AdamW. Both compute in bfloat16 where the processor has it.

*training*: the time of both, and the tokens a second. *training-forward*: that step beside the model's bare forward
pass over the same tokens. *writing*: `generate` as ours calls it beside bare forward passes over as many tokens, with
the tokens a second. *training-memory*: the peak of the resident memory of both steps, each in a process of its own.
*training-precision*: bfloat16, which the default backbone takes where it is fast, against float32.

One thread; seconds are of processor time, which a busy machine stretches less than those of the wall.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import torch

from benchmarks.pairs import AgainstLimit, Result, in_turn, one_thread
from ddpt_core.backbone.frozen_lm import FrozenLM, GenerationSettings
from ddpt_core.backbone.load_options import LoadOptions, bfloat16_is_fast
from ddpt_core.backbone.loading import load_backbone
from ddpt_core.data.readers import load_tasks
from ddpt_core.data.task import Task
from ddpt_core.settings import TrainConfig
from ddpt_core.training.trainer import Batches, split, train

GOAL, MEMORY_GOAL, FORWARD_GOAL, WRITING_GOAL = 1.10, 1.05, 3.0, 1.10
DATA = "families:training"
POSITIONS, BATCH = 16, 10
WRITTEN, NEW_TOKENS = 32, 32  # answers side by side, and how long
STEPS_FOR_MEMORY = 3
FAR = 1_000_000  # steps: neither validation nor a saved state comes in between

Step = Callable[[], float]  # takes a training step and returns its loss


def measure() -> Iterator[Result | AgainstLimit]:
    """Yields five results; takes some minutes."""
    with one_thread(), tempfile.TemporaryDirectory() as folder:
        backbone = load_backbone(device="cpu")
        ours, other = (take(backbone, Path(folder) / name) for name, take in STEPS.items())
        losses = {"ddpt": ours(), "peft": other()}  # warms both up
        pairs = in_turn(ours, other, clock=time.process_time)
        ddpt, peft = pairs.medians()
        tokens = sum(map(len, sequences(backbone, drawn(0)))) + BATCH * POSITIONS
        details = {"batch": BATCH, "losses": losses, "tokens_per_second": tokens / ddpt, "held_in": held_in(backbone)}
        yield Result("training", pairs.ratio, GOAL, {"DDPT": ddpt, "peft": peft}, len(pairs.ours), details)

        bare = forward(backbone)
        bare()
        pairs = in_turn(ours, bare, clock=time.process_time)
        seconds = dict(zip(("DDPT", "bare forward pass"), pairs.medians(), strict=True))
        yield Result("training-forward", pairs.ratio, FORWARD_GOAL, seconds, len(pairs.ours))

        write, passes = writing(backbone), bare_writing(backbone)
        write(), passes()
        pairs = in_turn(write, passes, clock=time.process_time)
        seconds = dict(zip(("generate", "bare forward passes"), pairs.medians(), strict=True))
        told = {"tokens_per_second": WRITTEN * NEW_TOKENS / seconds["generate"]}
        yield Result("writing", pairs.ratio, WRITING_GOAL, seconds, len(pairs.ours), told)

        full = ddpt_step(load_backbone(device="cpu", options=LoadOptions("float32")), Path(folder) / "fp32", "no")
        half = ddpt_step(load_backbone(device="cpu", options=LoadOptions("bfloat16")), Path(folder) / "bf16", "no")
        full(), half()
        pairs = in_turn(half, full, clock=time.process_time)
        seconds = dict(zip(("bfloat16", "float32"), pairs.medians(), strict=True))
        told = {"instructions_for_bfloat16": bfloat16_is_fast("cpu")}
        yield Result("training-precision", pairs.ratio, 1.0, seconds, len(pairs.ours), told)
    peaks = {side: peak_mb(side) for side in STEPS}
    ratio = peaks["ddpt"] / peaks["peft"]
    yield AgainstLimit("training-memory", "peak over peft's, one process each", ratio, MEMORY_GOAL, "", 1, peaks)


def held_in(backbone: FrozenLM) -> str:
    """Returns the type of the weights."""
    return str(backbone.model.dtype).removeprefix("torch.")


def drawn(step: int) -> list[Task]:
    """Returns the batch that `train` draws at a step."""
    config = TrainConfig("prompt-tuning", batch_size=BATCH)
    return Batches(split(load_tasks(DATA), config.validation_share)[0], BATCH, config.seed).at(step)


def sequences(backbone: FrozenLM, tasks: list[Task]) -> list[list[int]]:
    """Returns the tokens of [head ; instruction ; tail ; target] of each task."""
    texts, architecture = backbone.architecture.texts, backbone.architecture
    before = texts.bare_rows([task.instruction for task in tasks])
    targets = texts.bare_rows([task.reference for task in tasks], end=True)
    return [[*architecture.head, *b, *architecture.tail, *t] for b, t in zip(before, targets, strict=True)]


def batch_of(backbone: FrozenLM, tasks: list[Task]) -> dict[str, torch.Tensor]:
    """Returns ids, mask and labels as a trainer pads them."""
    rows, texts = sequences(backbone, tasks), backbone.architecture.texts
    lengths = [len(row) for row in texts.bare_rows([task.reference for task in tasks], end=True)]
    ids, mask = texts.padded(rows)
    labels = torch.full_like(ids, -100)
    for place, (row, target) in enumerate(zip(rows, lengths, strict=True)):
        labels[place, len(row) - target : len(row)] = ids[place, len(row) - target : len(row)]
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


def ddpt_step(backbone: FrozenLM, out: Path, mixed_precision: str = "auto") -> Step:
    """Returns what takes one step of `train`."""
    far = {"steps": FAR, "validate_every": FAR, "save_every": FAR}
    config = TrainConfig("ddpt", batch_size=BATCH, context_length=POSITIONS, mixed_precision=mixed_precision, **far)
    training = train(backbone, DATA, out, config)
    return lambda: next(training).train_loss


def peft_step(backbone: FrozenLM, out: Path) -> Step:
    """Returns what takes one step of prompt tuning by peft, on the batches that `train` draws; writes nothing."""
    from peft import PromptTuningConfig, TaskType, get_peft_model

    sizes = {"num_virtual_tokens": POSITIONS, "num_transformer_submodules": 1}
    model = get_peft_model(backbone.model, PromptTuningConfig(task_type=TaskType.CAUSAL_LM, **sizes))
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer, steps = torch.optim.AdamW(learned, lr=1e-2, weight_decay=0.0), count()

    def step() -> float:
        batch = batch_of(backbone, drawn(next(steps)))
        with backbone.mixed_precision():
            loss = model(**batch).loss
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


@torch.no_grad()
def forward(backbone: FrozenLM) -> Callable[[], None]:
    """Returns what runs the model once over the first batch and as many positions more as a context has."""
    batch = batch_of(backbone, drawn(0))
    more = batch["input_ids"][:, :1].expand(-1, POSITIONS)
    ids = torch.cat([more, batch["input_ids"]], 1)
    mask = torch.cat([torch.ones_like(more), batch["attention_mask"]], 1)

    @torch.no_grad()
    def run() -> None:
        backbone.model(input_ids=ids, attention_mask=mask, use_cache=False)

    return run


def instructions() -> list[str]:
    """Returns what is asked in the measurements of writing."""
    return [task.instruction for task in load_tasks(DATA, WRITTEN)]


def writing(backbone: FrozenLM) -> Callable[[], None]:
    """Returns what writes the answers, as long as they are."""
    context = backbone.embed("Write a long Python program for this request:")
    settings = GenerationSettings(max_new_tokens=NEW_TOKENS)
    return lambda: backbone.generate(context, instructions(), settings)


def bare_writing(backbone: FrozenLM) -> Callable[[], None]:
    """Returns what takes the forward passes alone: over all that is read, then over one token each, with a cache."""
    texts = backbone.architecture.texts
    context = backbone.embed("Write a long Python program for this request:")
    rows = [[*row, *backbone.architecture.tail] for row in texts.bare_rows(instructions())]
    inputs = backbone.architecture.inputs(context, rows, NEW_TOKENS)

    @torch.no_grad()
    def run() -> None:
        mask = inputs["attention_mask"]
        out = backbone.model(**inputs, use_cache=True, logits_to_keep=1)
        for _ in range(NEW_TOKENS - 1):
            mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
            out = backbone.model(
                input_ids=out.logits[:, -1].argmax(-1, keepdim=True),
                attention_mask=mask,
                past_key_values=out.past_key_values,
                use_cache=True,
            )

    return run


STEPS: dict[str, Callable[[FrozenLM, Path], Step]] = {"ddpt": ddpt_step, "peft": peft_step}


def peak_mb(side: str) -> float:
    """Returns the peak of the resident memory of a process that takes a few steps of one side, in MB."""
    command = [sys.executable, "-m", "benchmarks.training", side]
    told = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True).stdout
    return json.loads(told.splitlines()[-1])["peak_mb"]


def main() -> None:
    """Takes a few steps of the side that is named, and prints the peak of the resident memory."""
    with one_thread(), tempfile.TemporaryDirectory() as folder:
        step = STEPS[sys.argv[1]](load_backbone(device="cpu"), Path(folder) / "out")
        for _ in range(STEPS_FOR_MEMORY):
            step()
    lines = Path("/proc/self/status").read_text().splitlines()  # getrusage would count what the parent had, too
    peak_kb = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    print(json.dumps({"peak_mb": peak_kb / 1024}))


if __name__ == "__main__":
    main()
