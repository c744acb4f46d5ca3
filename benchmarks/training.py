"""A DDPT training step, against a step of peft's prompt tuning on the same frozen T5 and the same batch.

The T5 has the shape of CodeT5+ 220M and random weights. Ours is a step of `train` as it is: drawing a batch, tokens,
noise, denoiser, the backbone forwards and backwards, clipping, AdamW. The other is the loss that a peft model returns
for the same token ids, backwards, and AdamW. Both run in bfloat16 where the processor has it.

*training*: the time of both. *training-memory*: the peak of the resident memory of both, each in a process of its own
that takes a few steps. *training-bf16*: bfloat16 with lengths padded to multiples of 16, which is what `train` does,
against float32 with lengths as they are.

One thread; seconds are of processor time, which a busy machine stretches less than those of the wall.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from benchmarks.pairs import AgainstLimit, Result, in_turn, one_thread
from ddpt_core.backbone import texts
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.backbone.loading import load_backbone
from ddpt_core.data.readers import load_tasks
from ddpt_core.tuning.config import TrainConfig
from ddpt_core.tuning.trainer import Batches, split, train

GOAL, MEMORY_GOAL, BF16_GOAL = 1.10, 1.05, 1.0
DATA = "families:training"
POSITIONS, BATCH = 16, 8
STEPS_FOR_MEMORY = 3
FAR = 1_000_000  # steps: neither validation nor a saved state comes in between
# CodeT5+ 220M's config.json, https://huggingface.co/Salesforce/codet5p-220m
SHAPE = {"d_model": 768, "d_kv": 64, "d_ff": 3072, "num_layers": 12, "num_heads": 12, "vocab_size": 32_100}

Step = Callable[[], float]  # takes a training step and returns its loss


def measure() -> Iterator[Result | AgainstLimit]:
    """Yields three results; takes three minutes."""
    with one_thread(), tempfile.TemporaryDirectory() as folder:
        backbone = random_backbone()
        ours, other = (take(backbone, Path(folder) / name) for name, take in STEPS.items())
        losses = {"ddpt": ours(), "peft": other()}  # warms both up
        pairs = in_turn(ours, other, clock=time.process_time)
        ddpt, peft = pairs.medians()
        details = {"batch": BATCH, "losses": losses}
        yield Result("training", pairs.ratio, GOAL, {"DDPT": ddpt, "peft": peft}, len(pairs.ours), details)

        buckets = ddpt_step(backbone, Path(folder) / "bf16", "bf16")
        with ragged():
            plain = ddpt_step(backbone, Path(folder) / "fp32", "no")
            plain()
        buckets()

        def as_they_are() -> None:
            with ragged():
                plain()

        pairs = in_turn(buckets, as_they_are, clock=time.process_time)
        seconds = dict(zip(("bf16, buckets", "fp32, ragged"), pairs.medians(), strict=True))
        yield Result("training-bf16", pairs.ratio, BF16_GOAL, seconds, len(pairs.ours))
    peaks = {side: peak_mb(side) for side in STEPS}
    ratio = peaks["ddpt"] / peaks["peft"]
    yield AgainstLimit("training-memory", "peak over peft's, one process each", ratio, MEMORY_GOAL, "", 1, peaks)


def random_backbone() -> FrozenLM:
    """Returns a frozen T5 of CodeT5+ 220M's shape with random weights, and the embedded backbone's tokenizer."""
    from transformers import T5Config, T5ForConditionalGeneration

    torch.manual_seed(0)
    tokenizer = load_backbone(device="cpu").tokenizer
    config = T5Config(**SHAPE, dropout_rate=0.0, decoder_start_token_id=0, pad_token_id=tokenizer.pad_token_id)
    model = T5ForConditionalGeneration(config).eval()
    with torch.no_grad():
        model.shared.weight.mul_(0.05)  # else the logits of a tied table are so large that the gradient vanishes
    return FrozenLM("random T5 of 220M", model, tokenizer)


def ddpt_step(backbone: FrozenLM, out: Path, mixed_precision: str = "auto") -> Step:
    """Returns what takes one step of `train`."""
    far = {"steps": FAR, "validate_every": FAR, "save_every": FAR}
    config = TrainConfig("ddpt", batch_size=BATCH, context_length=POSITIONS, mixed_precision=mixed_precision, **far)
    training = train(backbone, DATA, out, config)
    return lambda: next(training).train_loss


def peft_step(backbone: FrozenLM, out: Path) -> Step:
    """Returns what takes one step of prompt tuning by peft, on the batches that `train` draws; writes nothing."""
    from peft import PromptTuningConfig, TaskType, get_peft_model

    config = TrainConfig("prompt-tuning", batch_size=BATCH)
    batches = Batches(split(load_tasks(DATA), config.validation_share)[0], BATCH, config.seed)
    sizes = {"num_virtual_tokens": POSITIONS, "num_transformer_submodules": 1}
    model = get_peft_model(backbone.model, PromptTuningConfig(task_type=TaskType.SEQ_2_SEQ_LM, **sizes))
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer, steps = torch.optim.AdamW(learned, lr=config.lr, weight_decay=0.0), iter(range(FAR))

    def step() -> float:
        tasks = batches.at(next(steps))
        ids, mask = backbone.instruction_ids([task.instruction for task in tasks])
        labels = backbone.target_ids([task.reference for task in tasks])
        with backbone.mixed_precision():
            loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


@contextmanager
def ragged() -> Iterator[None]:
    """Pads a batch to its longest text, not to a multiple of 16."""
    before, texts.LENGTH_BUCKET = texts.LENGTH_BUCKET, 1
    try:
        yield
    finally:
        texts.LENGTH_BUCKET = before


STEPS: dict[str, Callable[[FrozenLM, Path], Step]] = {"ddpt": ddpt_step, "peft": peft_step}


def peak_mb(side: str) -> float:
    """Returns the peak of the resident memory of a process that takes a few steps of one side, in MB."""
    command = [sys.executable, "-m", "benchmarks.training", side]
    told = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True).stdout
    return json.loads(told.splitlines()[-1])["peak_mb"]


def main() -> None:
    """Takes a few steps of the side that is named, and prints the peak of the resident memory."""
    with one_thread(), tempfile.TemporaryDirectory() as folder:
        step = STEPS[sys.argv[1]](random_backbone(), Path(folder) / "out")
        for _ in range(STEPS_FOR_MEMORY):
            step()
    lines = Path("/proc/self/status").read_text().splitlines()  # getrusage would count what the parent had, too
    peak_kb = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    print(json.dumps({"peak_mb": peak_kb / 1024}))


if __name__ == "__main__":
    main()
