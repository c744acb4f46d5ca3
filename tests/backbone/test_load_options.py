"""How weights are held: in another dtype, spread over devices, in 8 bits, and whether they fit at all."""

import shutil
import sys
import types
from dataclasses import asdict

import pytest
import torch

from ddpt_core.backbone import load_options
from ddpt_core.backbone.frozen_lm import FrozenLM, GenerationSettings
from ddpt_core.backbone.load_options import LoadOptions, check_memory, free_memory
from ddpt_core.backbone.loading import load_backbone
from ddpt_core.errors import BackboneError, ConfigError


@pytest.fixture(scope="module")
def saved(families, tmp_path_factory):
    """Saves a family's tiny model; saved("llama") -> its folder."""

    def save(name):
        folder = tmp_path_factory.mktemp("saved") / name
        families[name].model.save_pretrained(folder)
        families[name].tokenizer.save_pretrained(folder)
        return folder

    return save


@pytest.mark.parametrize("name", ["t5", "bart", "gpt2", "llama"])
def test_bfloat16_is_held_and_gives_nearly_the_loss_of_float32_with_a_float32_gradient(name, saved, families, tasks):
    half = load_backbone(saved(name), device="cpu", options=LoadOptions("bfloat16"))
    assert half.model.dtype == torch.bfloat16 and half.embedding_table.dtype == torch.float32
    context = families[name].embed("sort list", 8).clone().requires_grad_()
    loss, exact = half.loss(context, tasks[:4]), families[name].loss(context, tasks[:4])
    assert loss.dtype == torch.float32 and loss.item() == pytest.approx(exact.item(), rel=0.1)
    loss.backward()
    assert context.grad.dtype == torch.float32 and context.grad.abs().sum() > 0
    assert len(half.generate(context, ["sort"], GenerationSettings(max_new_tokens=3))) == 1


def test_rounded_weights_are_another_backbone_and_weights_stored_rounded_are_not(tiny, tiny_folder, copy):
    half = load_backbone(tiny_folder, device="cpu", options=LoadOptions("bfloat16"))
    assert half.sha256 != tiny.sha256
    folder = copy(tiny_folder)
    half.model.save_pretrained(folder)
    assert load_backbone(folder, device="cpu").sha256 == half.sha256


def test_device_map_is_handed_on_and_changes_no_figure(saved, families, tasks, monkeypatch):
    import transformers

    asked, own = [], transformers.AutoModelForCausalLM.from_pretrained

    def from_pretrained(*given, **options):
        asked.append(options)
        return own(*given, **options)

    monkeypatch.setattr(transformers.AutoModelForCausalLM, "from_pretrained", from_pretrained)
    spread = load_backbone(saved("llama"), device="cpu", options=LoadOptions(device_map="auto"))
    assert asked[0]["device_map"] == "auto" and asked[0]["dtype"] == torch.float32
    assert spread.sha256 == families["llama"].sha256
    assert spread.loss(None, tasks[:3]) == families["llama"].loss(None, tasks[:3])


def test_weights_that_lie_elsewhere_are_read_when_they_are_needed(saved, families, tasks, tmp_path):
    """As device_map puts them on a disk when a model is larger than all devices."""
    from accelerate import dispatch_model

    own = load_backbone(saved("llama"), device="cpu")
    places = dict.fromkeys(["model.embed_tokens", "model.norm", "model.rotary_emb", "lm_head"], "cpu")
    model = dispatch_model(own.model, places | {"model.layers": "disk"}, offload_dir=str(tmp_path))
    assert any(parameter.is_meta for parameter in model.parameters())
    away = FrozenLM("away", model, own.tokenizer)
    assert away.sha256 == families["llama"].sha256
    torch.testing.assert_close(away.loss(None, tasks[:3]), families["llama"].loss(None, tasks[:3]))


@pytest.mark.parametrize(
    "change, said",
    [
        ({"dtype": "float64"}, "Unknown dtype 'float64'; choose one of auto, bfloat16, float16, float32"),
        ({"device_map": "cuda"}, "Unknown device map 'cuda'; choose one of auto, balanced"),
    ],
    ids=["dtype", "device map"],
)
def test_unknown_choices_are_refused_with_the_list(change, said):
    with pytest.raises(ConfigError, match=said):
        LoadOptions(**change)


def test_float16_on_a_cpu_is_refused_with_what_works(tiny_folder):
    with pytest.raises(ConfigError, match=r"overflows on a CPU .* choose bfloat16"):
        load_backbone(tiny_folder, device="cpu", options=LoadOptions("float16"))


def test_eight_bits_without_bitsandbytes_say_how_to_get_it(tiny_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(BackboneError, match=r"needs the package bitsandbytes, .* pip install bitsandbytes"):
        load_backbone(tiny_folder, device="cpu", options=LoadOptions(load_in_8bit=True))


def test_eight_bits_are_asked_of_transformers_where_bitsandbytes_is_installed(monkeypatch):
    package = types.ModuleType("bitsandbytes")
    package.__spec__ = types.SimpleNamespace(name="bitsandbytes")
    monkeypatch.setitem(sys.modules, "bitsandbytes", package)
    options = LoadOptions("bfloat16", load_in_8bit=True)
    options.check("cuda")
    told = options.arguments("cuda")
    assert told["quantization_config"].load_in_8bit and told["device_map"] == {"": "cuda"}
    assert LoadOptions("bfloat16", "auto", True).arguments("cuda")["device_map"] == "auto"


@pytest.mark.parametrize("name", ["t5", "flan-t5", "bart", "gpt2", "llama", "qwen2"])
def test_estimate_is_what_the_loaded_weights_take(name, families):
    """Built without weights it takes what the real one does; tied weights count once."""
    model = families[name].model
    with torch.device("meta"):
        skeleton = type(model)(model.config)
    own = list(model.parameters())
    assert LoadOptions().needed(skeleton) == sum(p.numel() * p.element_size() for p in own)
    assert LoadOptions("bfloat16").needed(skeleton) == 2 * sum(p.numel() for p in own)
    assert LoadOptions("bfloat16").needed(skeleton) > LoadOptions("bfloat16", load_in_8bit=True).needed(skeleton)


def test_estimate_of_a_known_model_is_its_published_size():
    """T5-base has 222.9 million parameters (transformers' own count), CodeT5+ 220M the same shape."""
    from transformers import T5Config, T5ForConditionalGeneration

    with torch.device("meta"):
        skeleton = T5ForConditionalGeneration(
            T5Config(d_model=768, d_ff=3072, num_layers=12, num_decoder_layers=12, num_heads=12)
        )
    assert LoadOptions().needed(skeleton) == 4 * 222_903_552


def test_backbone_larger_than_the_free_memory_is_refused_before_its_weights_are_read(tiny_folder, copy, monkeypatch):
    folder = copy(tiny_folder)
    (folder / "model.safetensors").write_bytes(b"never looked at")
    monkeypatch.setattr(load_options, "_free_on_cpu", lambda: 1000)
    with pytest.raises(
        BackboneError, match=r"billion parameters, which take 0.0 GB in float32, but 0.0 GB are free"
    ) as e:
        load_backbone(folder, device="cpu")
    assert "--dtype bfloat16" in str(e.value) and "--load-in-8bit" in str(e.value)


@pytest.mark.parametrize(
    "options, ways",
    [
        (LoadOptions(), ["--dtype bfloat16", "--load-in-8bit", "--device-map auto", "smaller"]),
        (LoadOptions("bfloat16"), ["--load-in-8bit", "--device-map auto", "smaller"]),
        (LoadOptions("bfloat16", "auto"), ["--load-in-8bit", "smaller"]),
        (LoadOptions("bfloat16", "auto", True), ["smaller"]),
    ],
    ids=lambda value: "-".join(str(v) for v in asdict(value).values()) if isinstance(value, LoadOptions) else "",
)
def test_refusal_offers_only_what_was_not_tried(options, ways, monkeypatch):
    monkeypatch.setattr(load_options, "free_memory", lambda device, everywhere: 10**9)
    with torch.device("meta"):
        skeleton = torch.nn.Linear(100_000, 160_000, bias=False)
    with pytest.raises(BackboneError, match=r"has 16.00 billion parameters, which take \d+.0 GB") as caught:
        check_memory("big", skeleton, options, "cuda:0")
    said = str(caught.value)
    for way in ("--dtype bfloat16", "--load-in-8bit", "--device-map auto", "smaller"):
        assert (way in said) == (way in ways)


def test_a_containers_limit_counts_where_it_is_less_than_what_the_machine_has(tmp_path, monkeypatch):
    machine = free_memory("cpu")
    assert machine > 10**6
    monkeypatch.setattr(load_options, "CGROUP", tmp_path)
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("2500000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 200000\n")
    assert free_memory("cpu") == free_memory("cpu", everywhere=True) == 700_000
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory("cpu") > 10**6


def test_folder_of_a_tokenizer_with_a_broken_chat_template_is_refused(saved):
    folder = saved("qwen2")
    broken = shutil.copytree(folder, folder.parent / "broken")
    (broken / "chat_template.jinja").write_text("{{ raise_exception('system first') }}")
    with pytest.raises(BackboneError, match=r"chat template .* does not take one message of a user \(system first\)"):
        load_backbone(broken, device="cpu")
