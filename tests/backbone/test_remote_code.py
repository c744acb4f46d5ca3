"""Models that come with Python code of their own, as CodeT5+ 2B to 16B do: never run unasked, and read rightly."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from ddpt_core.backbone.frozen_lm import FrozenLM, GenerationSettings
from ddpt_core.backbone.loading import load_backbone
from ddpt_core.data.task import Task
from ddpt_core.errors import BackboneError, DataError

CODE = Path(__file__).parent / "remote_code" / "modeling_codet5p.py"
TASKS = [
    Task("one", "sort list `a`", "sorted(a)"),
    Task("two", "largest of the list `d`", "max(d)"),
    Task("three", "sum", "a + b + c + d"),
    Task("four", "sort list `b`", "sorted(b)"),
]
SHORT = GenerationSettings(max_new_tokens=8)


@pytest.fixture(scope="module")
def own_code(tiny, families, tmp_path_factory) -> Path:
    """A folder with a tiny model of its own code, weights and tokenizer; nothing of it was run yet."""
    from transformers import dynamic_module_utils
    from transformers.dynamic_module_utils import get_class_from_dynamic_module

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path_factory.mktemp("modules")))
        folder = tmp_path_factory.mktemp("own") / "codet5p-tiny"
        folder.mkdir()
        shutil.copy(CODE, folder)
        families["gpt2"].tokenizer.save_pretrained(folder)  # it sets no marks, as CodeT5+ 2B's
        parts = {"AutoConfig": "CodeT5pConfig", "AutoModelForSeq2SeqLM": "CodeT5pEncoderDecoderModel"}
        config = {
            "model_type": "codet5p",
            "auto_map": {auto: f"modeling_codet5p.{name}" for auto, name in parts.items()},
            "transformers_version": "4.21.3",
            "vocab_size": 300,
            "pad_token_id": 0,
            "eos_token_id": 2,
            "decoder_start_token_id": 2,
        }
        (folder / "config.json").write_text(json.dumps(config))
        kinds = [get_class_from_dynamic_module(f"modeling_codet5p.{name}", str(folder)) for name in parts.values()]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            model = kinds[1](kinds[0].from_pretrained(folder))
        model.save_pretrained(folder)
        (folder / "config.json").write_text(json.dumps(config))
        shutil.copy(CODE, folder)
        yield folder


@pytest.fixture(scope="module")
def prompted(own_code) -> FrozenLM:
    """That model as a backbone."""
    return load_backbone(own_code, device="cpu", trust_remote_code=True)


def refused(folder: Path, **options) -> str:
    with pytest.raises(BackboneError) as caught:
        load_backbone(folder, device="cpu", **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def tokens(backbone, text: str) -> list[int]:
    return backbone.tokenizer(text)["input_ids"]


def loss_by_hand(backbone, context: str, task: Task) -> torch.Tensor:
    """From ids: the encoder reads context and instruction, the decoder [start ; instruction ; target]."""
    instruction, target = tokens(backbone, task.instruction), [*tokens(backbone, task.reference), 2]
    words = backbone.token_ids(context, 8) if context else []
    logits = backbone.model(
        input_ids=torch.tensor([words + instruction]),
        decoder_input_ids=torch.tensor([[2, *instruction, *target[:-1]]]),
    ).logits[0]
    return torch.nn.functional.cross_entropy(logits[len(instruction) :], torch.tensor(target))


def test_code_is_not_run_unless_the_user_says_so_and_the_refusal_says_what_it_means(own_code, copy):
    folder = copy(own_code)
    code = folder / CODE.name
    code.write_text(f"open({str(folder / 'ran')!r}, 'w')\n" + code.read_text())
    assert "comes with its own Python code, which runs on your machine; read it, then load with" in refused(folder)
    assert not (folder / "ran").exists()
    load_backbone(folder, device="cpu", trust_remote_code=True)
    assert (folder / "ran").exists()


@pytest.mark.parametrize("context", ["largest of", ""], ids=["context", "bare"])
def test_loss_is_that_of_the_target_after_the_instruction_in_the_decoder(prompted, context):
    embedded = prompted.embed(context, 8) if context else None
    for task in TASKS:
        torch.testing.assert_close(prompted.loss(embedded, [task]), loss_by_hand(prompted, context, task))
    together = torch.stack([loss_by_hand(prompted, context, task) for task in TASKS])
    torch.testing.assert_close(prompted.task_losses(embedded, TASKS), together)


@pytest.mark.parametrize("context", ["largest of", ""], ids=["context", "bare"])
def test_writing_goes_on_from_the_instruction_as_generate_does_from_ids(prompted, context):
    embedded = prompted.embed(context, 8) if context else None
    expected = []
    for task in TASKS:
        instruction = tokens(prompted, task.instruction)
        words = prompted.token_ids(context, 8) if context else []
        ids = torch.tensor([words + instruction])
        written = prompted.model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            decoder_input_ids=torch.tensor([instruction]),  # transformers puts the start token before it
            do_sample=False,
            max_new_tokens=8,
        )[0, 1 + len(instruction) :]
        expected.append(prompted.tokenizer.decode(written, skip_special_tokens=True).strip())
    alone = [prompted.generate(embedded, [task.instruction], SHORT)[0].text for task in TASKS]
    together = prompted.generate(embedded, [task.instruction for task in TASKS], SHORT)
    assert alone == expected == [written.text for written in together]
    assert len(set(expected)) > 1


def test_samples_and_contexts_keep_their_places_though_lengths_are_written_apart(prompted):
    texts = [task.instruction for task in TASKS]
    contexts = torch.stack([prompted.embed(text, 8) for text in ("sort list", "largest of", "length of", "first")])
    alone = [prompted.generate(c, [text], SHORT)[0] for c, text in zip(contexts, texts, strict=True)]
    assert prompted.generate(contexts, texts, SHORT) == alone
    assert prompted.sample(contexts, texts, 3, 1e-4, 0, SHORT) == [[answer] * 3 for answer in alone]


def test_gradient_reaches_the_context_alone(prompted):
    context = prompted.embed("largest of", 8).clone().requires_grad_()
    prompted.loss(context, TASKS).backward()
    assert context.shape == (8, 16) and (context.grad.abs().sum(1) > 0).all()
    assert all(p.grad is None for p in prompted.model.parameters())


def test_what_a_context_reaches_is_told(prompted):
    assert prompted.model.config.is_encoder_decoder and prompted.family == "codet5p"
    assert prompted.architecture.layers == "2 encoder, 2 decoder"
    assert "only the decoder's last layer has cross-attention" in prompted.architecture.reach


def test_what_the_decoder_has_no_positions_for_is_refused(prompted):
    with pytest.raises(DataError, match=r"Instruction and answer would take .* but the backbone has 64"):
        prompted.generate(None, ["sort"], GenerationSettings(max_new_tokens=64))
    with pytest.raises(DataError, match=r"Instruction and target would take .* but the backbone has 64"):
        prompted.loss(None, [Task("long", "sort", "a + " * 40)])


READS = "seen = self.enc_to_dec_proj"
BROKEN = {  # what to replace, by what, and the name that transformers does not have
    "at import": ("class Layer(nn.Module)", "class Layer(nn.NoSuchModule)", "NoSuchModule"),
    "when built": ("self.post_init()", "self.get_head_mask(None, 2)", "get_head_mask"),
    "when it reads": (READS, "self.invert_attention_mask(None)\n        " + READS, "invert_attention_mask"),
    "in its imports": (
        "import torch\n",
        "import torch\nfrom transformers import no_such_function\n",
        "no_such_function",
    ),
}


@pytest.mark.parametrize("change, by, missing", BROKEN.values(), ids=BROKEN)
def test_code_that_this_transformers_cannot_run_is_told_with_the_release_that_it_needs(
    change, by, missing, own_code, copy
):
    from transformers import __version__

    folder = copy(own_code)
    text = (folder / CODE.name).read_text()
    assert change in text
    (folder / CODE.name).write_text(text.replace(change, by, 1))
    told = refused(folder, trust_remote_code=True)
    assert f"does not run under transformers {__version__}" in told and missing in told
    assert "CodeT5+ 2B, 6B and 16B need transformers 4.21 to 4.44" in told and "choose a backbone" in told


def test_other_code_is_told_with_the_release_that_saved_it(own_code, copy):
    folder = copy(own_code)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "another"}))
    (folder / CODE.name).write_text("raise AttributeError('gone')")
    assert "(AttributeError: gone): it was saved with transformers 4.21.3" in refused(folder, trust_remote_code=True)


def test_damaged_weights_beside_own_code_are_told_as_such(own_code, copy):
    folder = copy(own_code)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    assert "are damaged" in refused(folder, trust_remote_code=True)
