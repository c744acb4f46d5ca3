"""The default backbone itself, where `make test` has put it: what it is, and that it reads and writes as by its ids."""

import pytest
import torch

from ddpt_core.backbone.fetch import WEIGHTS_SHA256, place
from ddpt_core.backbone.frozen_lm import GenerationSettings
from ddpt_core.backbone.load_options import LoadOptions
from ddpt_core.backbone.loading import load_folder
from ddpt_core.backbone.registry import DEFAULT
from ddpt_core.data.task import Task

pytestmark = pytest.mark.slow

CONTEXT = " Answer with one line of Python."
TASKS = [
    Task("one", "sort list `a` in descending order", "sorted(a, reverse=True)"),
    Task("two", "sum of `b`", "sum(b)"),
]


@pytest.fixture(scope="module")
def folder():
    """Where it lies; without it these tests fail, since `make test` puts it there."""
    found = place()
    if found is None:
        pytest.fail("These tests need the default backbone; run python -m ddpt_core fetch, as `make test` does.")
    return found


@pytest.fixture(scope="module")
def backbone(folder):
    """The default backbone in float32 on the CPU, where two ways of reading agree to many digits."""
    return load_folder(folder, DEFAULT, "cpu", LoadOptions("float32"))


def ids_before(backbone, task: Task) -> list[int]:
    """The tokens of the template around the context and the instruction, each tokenised for itself."""
    turns = [{"role": "user", "content": "here"}]
    whole = backbone.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    head, tail = whole.rsplit("here", 1)
    parts = (head, CONTEXT, task.instruction, tail)
    return [token for part in parts for token in backbone.tokenizer(part, add_special_tokens=False)["input_ids"]]


def test_it_is_smollm2_of_135_million_parameters_and_the_pinned_weights(backbone):
    assert backbone.embedding_table.shape == (49_152, 576) and len(backbone.token_strings()) == 49_152
    assert sum(parameter.numel() for parameter in backbone.model.parameters()) == 134_515_008
    assert backbone.sha256 == WEIGHTS_SHA256


def test_its_loss_is_transformers_own_from_ids_in_the_chat_form(backbone):
    given = backbone.task_losses(backbone.embed(CONTEXT), TASKS)
    end = backbone.tokenizer.convert_tokens_to_ids("<|im_end|>")
    for task, loss in zip(TASKS, given, strict=True):
        before = ids_before(backbone, task)
        target = [*backbone.tokenizer(task.reference, add_special_tokens=False)["input_ids"], end]
        labels = torch.tensor([[-100] * len(before) + target])
        with torch.no_grad():
            expected = backbone.model(input_ids=torch.tensor([before + target]), labels=labels).loss
        torch.testing.assert_close(loss, expected, rtol=1e-4, atol=1e-4)


def test_its_greedy_answer_is_transformers_own_from_ids(backbone):
    before = torch.tensor([ids_before(backbone, TASKS[0])])
    asked = {"attention_mask": torch.ones_like(before), "do_sample": False, "max_new_tokens": 12}
    expected = backbone.model.generate(input_ids=before, **asked)[0, before.shape[1] :].tolist()
    settings = GenerationSettings(max_new_tokens=12)
    (written,) = backbone.generate(backbone.embed(CONTEXT), [TASKS[0].instruction], settings)
    assert written.text == backbone.tokenizer.decode(expected, skip_special_tokens=True).strip()
    assert written.tokens == len(expected) and written.text


def test_in_bfloat16_its_weights_are_the_same_and_its_loss_nearly(backbone, folder):
    half = load_folder(folder, DEFAULT, "cpu", LoadOptions("bfloat16"))
    assert half.model.dtype == torch.bfloat16 and half.sha256 == backbone.sha256
    losses = [one.task_losses(one.embed(CONTEXT), TASKS[:1]).float() for one in (backbone, half)]
    torch.testing.assert_close(losses[1], losses[0], rtol=0.03, atol=0.03)
