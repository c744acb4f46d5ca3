"""How the default backbone is best asked: its own chat template, the same without a system message, or plain text.

    python -m recipes.chat_form conala/train.jsonl

Prints the validation loss and the BLEU-4 of written code of each form under two manual contexts, on validation tasks of
the file, which no training reads. The best form for the manual arm is the one that `DecoderOnly` uses.
"""

import argparse

import torch

from ddpt_core.answering.arms import manual
from ddpt_core.answering.code import code_of
from ddpt_core.backbone.frozen_lm import FrozenLM, GenerationSettings
from ddpt_core.backbone.loading import load_backbone
from ddpt_core.data.readers import load_tasks
from ddpt_core.metrics.text_metrics import score
from ddpt_core.training.batches import split, spread

CONTEXTS = ("Write one line of Python code for this request:", "Python one-liner:")
SHARE = 0.1  # of the tasks, as in a training


def forms_of(backbone: FrozenLM) -> dict[str, tuple[list[int], list[int]]]:
    """Returns name -> the tokens before the context, and those between instruction and answer."""

    def ids(text: str) -> list[int]:
        return backbone.tokenizer(text, add_special_tokens=False)["input_ids"]

    own = backbone.architecture
    return {
        "its chat template": (own.head, own.tail),
        "without a system message": (ids("<|im_start|>user\n"), own.tail),
        "plain text": ([], ids("\n")),
    }


def main() -> None:
    """Prints a line for each form and context."""
    parser = argparse.ArgumentParser("python -m recipes.chat_form")
    parser.add_argument("data", help="CoNaLa's training file")
    parser.add_argument("--tasks", type=int, default=40)
    given = parser.parse_args()
    backbone = load_backbone()
    tasks = spread(split(load_tasks(given.data), SHARE)[1], given.tasks)
    for name, (head, tail) in forms_of(backbone).items():
        backbone.architecture.head, backbone.architecture.tail = head, tail
        for text in CONTEXTS:
            context = manual(backbone, text)
            with torch.no_grad():
                loss = backbone.loss(context, tasks).item()
            written = backbone.generate(context, [task.instruction for task in tasks], GenerationSettings())
            code = [code_of(answer.text, task) for answer, task in zip(written, tasks, strict=True)]
            bleu = score(code, [task.reference for task in tasks])["bleu"]
            print(f"{name}, {text!r}: loss {loss:.3f}, BLEU-4 {bleu:.2f}", flush=True)


if __name__ == "__main__":
    main()
