"""Loading backbones: what works without a network, and one clear sentence for each thing that does not."""

import json
from pathlib import Path

import pytest
import torch

from ddpt_core.backbone import loading
from ddpt_core.backbone.frozen_lm import GenerationSettings
from ddpt_core.backbone.load_options import LoadOptions
from ddpt_core.backbone.loading import load_backbone
from ddpt_core.backbone.registry import DEFAULT
from ddpt_core.data.task import Task
from ddpt_core.errors import BackboneError, DataError


def refused(source, **options) -> str:
    """The one sentence that loading `source` is refused with."""
    with pytest.raises(BackboneError) as caught:
        load_backbone(source, device="cpu", **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_folder_loads_frozen_in_float32_and_without_dropout(tiny):
    assert tiny.embedding_table.shape == (len(tiny.tokenizer), 32) and tiny.embedding_table.dtype == torch.float32
    assert not tiny.model.training and not any(p.requires_grad for p in tiny.model.parameters())


def test_weights_stored_in_half_precision_are_used_in_float32(tiny, tiny_folder, copy):
    folder = copy(tiny_folder)
    load_backbone(folder, device="cpu").model.half().save_pretrained(folder)
    half = load_backbone(folder, device="cpu")
    assert half.embedding_table.dtype == torch.float32
    torch.testing.assert_close(half.embedding_table, tiny.embedding_table.half().float(), rtol=0, atol=0)


def test_no_source_and_the_default_name_mean_what_was_fetched(tiny, tiny_folder, monkeypatch):
    monkeypatch.setattr(loading.fetch, "fetch", lambda: tiny_folder)
    for source in (None, DEFAULT):
        backbone = load_backbone(source, device="cpu", options=LoadOptions("float32"))
        assert (backbone.name, backbone.sha256) == (DEFAULT, tiny.sha256)


@pytest.mark.parametrize("name", ["Salesforce/codet5p-220m", "no-such-folder"])
def test_hub_name_without_a_network_says_what_to_do(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = refused(name)
    assert repr(name) in said and "hub cannot be reached; connect to a network, or give the folder" in said


def test_hub_is_asked_only_once_when_there_is_no_network(monkeypatch):
    """The loaders themselves would retry for half a minute and print eleven lines."""
    import huggingface_hub

    asked = []

    def model_info(self, name, timeout):
        asked.append(timeout)
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", model_info)
    assert "hub cannot be reached" in refused("Salesforce/codet5p-220m")
    assert asked == [loading.HUB_TIMEOUT]


def test_name_that_the_hub_does_not_know_is_told_as_such(monkeypatch):
    import httpx
    import huggingface_hub
    from huggingface_hub.errors import RepositoryNotFoundError

    def model_info(self, name, timeout):
        request = httpx.Request("GET", "https://huggingface.co/api/models/nobody/nothing")
        raise RepositoryNotFoundError("404 Client Error", response=httpx.Response(404, request=request))

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", model_info)
    said = refused("nobody/nothing")
    assert said.startswith("There is no backbone 'nobody/nothing' on the Hugging Face hub") and "check the name" in said


@pytest.fixture
def weights_fail(monkeypatch):
    """A hub that answers and has a config, and whose weights fail with an error of these words."""
    import huggingface_hub
    import transformers

    config = transformers.T5Config(decoder_start_token_id=0)

    def fail(words: str) -> None:
        def broken(*given, **options):
            raise OSError(words)

        monkeypatch.setattr(transformers.AutoModelForSeq2SeqLM, "from_pretrained", broken)

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", lambda self, name, timeout: None)
    monkeypatch.setattr(transformers.PreTrainedConfig, "get_config_dict", lambda *given, **options: ({}, {}))
    monkeypatch.setattr(transformers.AutoConfig, "from_pretrained", lambda *given, **options: config)
    return fail


@pytest.mark.parametrize("said", ["Connection reset by peer", "peer closed connection without sending", "timed out"])
def test_download_that_breaks_off_says_that_it_can_go_on(said, weights_fail):
    weights_fail(f"{said}\nand more")
    told = refused("Salesforce/codet5p-220m")
    assert f"broke off ({said}); start it again, what has arrived is kept" in told


def test_model_of_the_hub_that_has_only_a_pickle_says_how_to_convert_it(weights_fail):
    """The words of transformers, which end with the advice to read the pickle."""
    weights_fail(
        "a/b does not appear to have a file named model.safetensors and thus cannot be loaded with `safetensors`."
    )
    assert "has no .safetensors weights on the Hugging Face hub" in (said := refused("a/b")) and "convert" in said


@pytest.mark.parametrize("name", ["", " ", "two  words", "a\0b"])
def test_what_can_be_no_name_is_refused(name):
    assert "check the name" in refused(name)


@pytest.mark.parametrize("path", ["/no/such/folder", "./none", "~nobody/x", "a/b/c", "x" * 5000 + "/y/z"])
def test_path_that_does_not_exist_is_named(path):
    assert f"There is no backbone folder {path!r}" in refused(path)


def test_file_in_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "model").write_text("")
    assert "There is no backbone folder" in refused(tmp_path / "model")


def test_model_that_fills_gaps_is_refused_since_it_writes_nothing(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "roberta"}))
    (tmp_path / "model.safetensors").write_bytes(b"")
    said = refused(tmp_path)
    assert "is a roberta model, which fills gaps and writes no text; choose an encoder-decoder such as CodeT5+" in said


@pytest.mark.parametrize("name", ["gpt2", "codegen", "llama", "qwen2-chat", "starcoder2", "bart", "plbart", "flan-t5"])
def test_every_family_loads_from_a_folder_and_is_what_was_saved(name, families, tasks, tmp_path):
    saved = families[name]
    saved.model.save_pretrained(tmp_path)
    saved.tokenizer.save_pretrained(tmp_path)
    loaded = load_backbone(tmp_path, device="cpu")
    assert (loaded.sha256, loaded.family) == (saved.sha256, saved.family)
    context = saved.embed("sort list", 8)
    assert loaded.loss(context, tasks[:3]) == saved.loss(context, tasks[:3])


def test_folder_without_a_config_is_refused(tiny_folder, copy):
    folder = copy(tiny_folder)
    (folder / "config.json").unlink()
    assert "holds no config.json" in refused(folder)


@pytest.mark.parametrize("text", ["", "not JSON", "{}", '{"model_type": "nothing of that name"}'])
def test_folder_with_a_bad_config_is_refused(tiny_folder, copy, text):
    folder = copy(tiny_folder)
    (folder / "config.json").write_text(text)
    assert "cannot be loaded" in refused(folder)


def test_folder_with_a_pickle_and_no_safetensors_is_refused_and_the_pickle_is_not_read(tiny_folder, copy):
    folder = copy(tiny_folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "holds no .safetensors weights" in refused(folder)


def test_pickle_is_never_asked_for_also_where_the_hub_has_both(tiny_folder, monkeypatch):
    import transformers

    asked = []
    monkeypatch.setattr(transformers.AutoModelForSeq2SeqLM, "from_pretrained", lambda path, **o: asked.append(o))
    assert "cannot be loaded" in refused(tiny_folder)  # here because nothing comes back
    assert asked[0]["use_safetensors"] is True and asked[0]["trust_remote_code"] is False


@pytest.mark.parametrize("keep", [0, 4, 1000, -1])
def test_truncated_weights_are_refused(tiny_folder, copy, keep):
    weights = copy(tiny_folder) / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:keep])
    said = refused(weights.parent)
    assert "damaged" in said or "cannot be loaded" in said


def test_weights_that_lack_a_tensor_are_refused_and_not_filled_with_random_numbers(tiny_folder, copy):
    from safetensors.torch import load_file, save_file

    weights = copy(tiny_folder) / "model.safetensors"
    tensors = load_file(weights)
    del tensors["encoder.final_layer_norm.weight"]
    save_file(tensors, weights, metadata={"format": "pt"})
    assert "1 tensors are missing, the first is encoder.final_layer_norm.weight" in refused(weights.parent)


def test_weights_of_another_size_are_refused(tiny_folder, copy):
    config = copy(tiny_folder) / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"d_ff": 48}))
    assert "cannot be loaded" in refused(config.parent)


def test_folder_without_a_tokenizer_is_refused(tiny_folder, copy):
    folder = copy(tiny_folder)
    for path in folder.glob("tokenizer*"):
        path.unlink()
    assert "The tokenizer of" in (said := refused(folder)) and "is missing" in said


def test_tokenizer_of_another_model_is_refused(families, tmp_path):
    from recipes.corpus.tokenizer import train_tokenizer

    families["gpt2"].model.save_pretrained(tmp_path)
    other = train_tokenizer(Path(__file__).read_text().splitlines(), 330)
    other.save_pretrained(tmp_path)
    largest = max(other.get_vocab().values())
    assert largest > 300
    said = refused(tmp_path)
    assert f"has token ids up to {largest}, but the model has 300 embeddings, up to 299; put model and" in said


def test_added_token_beyond_the_table_is_refused_only_by_name_and_only_when_a_text_needs_it(
    tiny, tiny_folder, copy, tasks
):
    """Often a padding token that somebody added, or one for a task that this model was never trained on."""
    folder = copy(tiny_folder)
    tokenizer = load_backbone(folder, device="cpu").tokenizer
    tokenizer.add_tokens(["<extra>"])
    tokenizer.add_special_tokens({"pad_token": "[PAD]"})
    tokenizer.save_pretrained(folder)
    backbone = load_backbone(folder, device="cpu")
    size, context = len(tiny.tokenizer), tiny.embed("sort list", 8)
    torch.testing.assert_close(backbone.task_losses(context, tasks[:4]), tiny.task_losses(context, tasks[:4]))
    texts = [task.instruction for task in tasks[:4]]
    short = GenerationSettings(max_new_tokens=6)
    assert backbone.generate(context, texts, short) == tiny.generate(context, texts, short)
    needs = rf"holds the token '<extra>' \(id {size}\), .* {size} embeddings and none for it; leave it out"
    for use in (
        lambda: backbone.embed("sort <extra>", 8),
        lambda: backbone.embed("sort <extra>"),
        lambda: backbone.loss(None, [Task("one", "sort <extra> list", "a")]),
        lambda: backbone.loss(None, [Task("one", "sort list", "<extra>")]),
        lambda: backbone.generate(None, ["sort <extra> list"], short),
    ):
        with pytest.raises(DataError, match=needs):
            use()


ODD = {
    "several answers": {"num_return_sequences": 2},
    "a dictionary": {"return_dict_in_generate": True, "output_scores": True, "output_logits": True},
    "sampling": {"do_sample": True, "temperature": 1.9, "top_k": 300},
    "beams": {"num_beams": 4, "num_beam_groups": 2, "diversity_penalty": 0.5, "length_penalty": 3.0},
    "penalties": {"repetition_penalty": 3.0, "no_repeat_ngram_size": 1, "encoder_no_repeat_ngram_size": 1},
    "lengths": {"max_length": 3, "min_length": 9, "min_new_tokens": 9, "max_time": 1e-9},
    "forced tokens": {"forced_bos_token_id": 7, "forced_eos_token_id": 8, "suppress_tokens": list(range(20, 200))},
    "stop texts": {"stop_strings": ["a"], "sequence_bias": [[[9], 50.0]], "bad_words_ids": [[10]]},
    "no marks": {"eos_token_id": None, "pad_token_id": None, "bos_token_id": None},
    "marks outside the table": {"pad_token_id": -1},
    "caches": {"use_cache": False, "cache_implementation": "static"},
}


@pytest.mark.parametrize("file", ["generation_config.json", "config.json"])
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize("name", ["t5", "bart", "gpt2"])
def test_what_is_stored_beside_a_model_has_no_say_in_what_it_writes(name, odd, file, families, tmp_path):
    saved = families[name]
    saved.model.save_pretrained(tmp_path)
    saved.tokenizer.save_pretrained(tmp_path)
    stored = tmp_path / file
    stored.write_text(json.dumps(json.loads(stored.read_text()) | odd))
    texts, settings = ["sort list `a`", "sum"], GenerationSettings(max_new_tokens=6)
    backbone = load_backbone(tmp_path, device="cpu")
    assert backbone.generate(None, texts, settings) == saved.generate(None, texts, settings)
    assert backbone.sample(None, texts, 2, 1.0, 3, settings) == saved.sample(None, texts, 2, 1.0, 3, settings)
    assert backbone.loss(None, [Task("one", "sort", "a")]) == saved.loss(None, [Task("one", "sort", "a")])


@pytest.mark.parametrize("name", ["t5", "gpt2"])
def test_config_that_asks_for_tuples_or_more_outputs_changes_nothing(name, families, tmp_path):
    saved = families[name]
    saved.model.save_pretrained(tmp_path)
    saved.tokenizer.save_pretrained(tmp_path)
    config = tmp_path / "config.json"
    odd = {"return_dict": False, "output_hidden_states": True, "output_attentions": True}
    config.write_text(json.dumps(json.loads(config.read_text()) | odd))
    backbone, task = load_backbone(tmp_path, device="cpu"), Task("one", "sort", "a")
    assert backbone.loss(None, [task]) == saved.loss(None, [task])
    assert backbone.generate(None, ["sort"]) == saved.generate(None, ["sort"])


def test_decoder_whose_start_only_the_generation_config_has_starts_with_it(tiny, tiny_folder, copy, tasks):
    folder = copy(tiny_folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"decoder_start_token_id": None}))
    assert load_backbone(folder, device="cpu").loss(None, tasks[:2]) == tiny.loss(None, tasks[:2])
    (folder / "generation_config.json").unlink()
    assert "does not say which token starts the decoder; set decoder_start_token_id" in refused(folder)


def test_model_with_code_of_its_own_is_not_run_unasked(tiny_folder, copy):
    folder = copy(tiny_folder)
    config = json.loads((folder / "config.json").read_text()) | {
        "model_type": "own",
        "auto_map": {"AutoConfig": "own.C"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text("import pathlib; pathlib.Path(__file__).with_name('ran').touch()")
    assert "comes with its own Python code" in refused(folder)
    assert not list(folder.parent.rglob("ran"))


def test_table_with_more_rows_than_the_tokenizer_has_tokens_works(tiny, tiny_folder, copy, tasks):
    """CodeT5+ has 32,100 tokens in a table that is often padded; here there are ten rows more."""
    folder = copy(tiny_folder)
    model = load_backbone(folder, device="cpu").model
    size = len(tiny.tokenizer)
    model.resize_token_embeddings(size + 10, mean_resizing=False)
    model.save_pretrained(folder)
    backbone = load_backbone(folder, device="cpu")
    assert len(backbone.token_strings()) == len(backbone.embedding_table) == size + 10
    assert backbone.loss(backbone.embed("sort list", 8), tasks[:2]).isfinite()


def test_special_tokens_that_do_not_load_are_given_again(monkeypatch):
    """CodeT5's stored map of special tokens fails in transformers 5."""
    import transformers

    given = []

    def from_pretrained(path, **options):
        given.append(options)
        if "additional_special_tokens" not in options:
            raise TypeError("Input must be a List[Union[str, AddedToken]]")
        return "tokenizer"

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", from_pretrained)
    assert loading._load_tokenizer("any", {"local_files_only": True}) == "tokenizer"
    assert given[1]["additional_special_tokens"][0] == "<extra_id_99>" and given[1]["local_files_only"]
