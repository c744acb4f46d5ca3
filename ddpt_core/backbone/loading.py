"""Loading a backbone: the embedded default, a folder, or a name on the Hugging Face hub."""

import os
from pathlib import Path

from ddpt_core.backbone.frozen_lm import FrozenLM, GenerationSettings
from ddpt_core.backbone.load_options import LoadOptions, check_memory
from ddpt_core.backbone.registry import ASSETS, EMBEDDED
from ddpt_core.data.task import Task
from ddpt_core.errors import BackboneError, first_line

HUB_TIMEOUT = 10.0  # s, for the first answer of the hub
CODET5P_NEEDS = "4.21 to 4.44"  # what the code of CodeT5+ 2B to 16B was written for; 5 lacks functions it calls
# CodeT5's special tokens; its stored map does not load in transformers 5, so they are given again.
CODET5_EXTRA_TOKENS = [f"<extra_id_{i}>" for i in range(99, -1, -1)]


def load_backbone(
    source: str | Path | None = None,
    device: str | None = None,
    trust_remote_code: bool = False,
    options: LoadOptions | None = None,
) -> FrozenLM:
    """Returns the frozen model: the embedded one for None, else that of a folder or of a name on the hub.

    `device` is "cuda" where there is one, else "cpu"; `options` say how the weights are held, float32 by default. Code
    that comes with a model runs only if `trust_remote_code` is given: it can do whatever you can do on your machine.
    Weights must be safetensors. Without a network a name is looked up in the local cache. Raises BackboneError.
    """
    import torch

    options = options or LoadOptions()
    name = EMBEDDED if source is None or str(source) == EMBEDDED else str(source)
    path = str(ASSETS / "backbone") if name == EMBEDDED else os.path.expanduser(name)
    if os.path.lexists(path) or path.startswith((".", "/", "~")) or path.count("/") > 1:
        _check_folder(Path(path), name)
    chosen = str(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    options.check(chosen)
    return _load(path, name, chosen, trust_remote_code, options)


def _check_folder(folder: Path, name: str) -> None:
    if not os.path.isdir(folder):
        raise BackboneError(f"There is no backbone folder {name!r}; give a folder with config.json or a hub name.")
    if not (folder / "config.json").is_file():
        raise BackboneError(f"The folder {name!r} holds no config.json, so it is no backbone; choose another folder.")
    if not list(folder.glob("*.safetensors")):
        raise BackboneError(
            f"The folder {name!r} holds no .safetensors weights; save the model with save_pretrained, not as a pickle."
        )


def _load(path: str, name: str, device: str, trust_remote_code: bool, options: LoadOptions) -> FrozenLM:
    """Returns the frozen model, with the many errors of the libraries below turned into one sentence each."""
    import torch
    from safetensors import SafetensorError
    from transformers import AutoConfig

    from_hub = _hub_answers(path, name)
    found = {"trust_remote_code": trust_remote_code, "local_files_only": not from_hub}
    own_code: dict = {}
    try:
        own_code = _own_code(path, found)
        config = AutoConfig.from_pretrained(path, **found)
        kind = _kind(config, name)
        with torch.device("meta"):
            skeleton = kind.from_config(config, trust_remote_code=trust_remote_code)
        check_memory(name, skeleton, options, device)
        model, report = kind.from_pretrained(
            path, use_safetensors=True, output_loading_info=True, **options.arguments(device), **found
        )
        tokenizer = _load_tokenizer(path, found)
        _check_parts(name, model, tokenizer, report["missing_keys"])
        if "device_map" not in options.arguments(device):
            model = model.to(device)
        backbone = FrozenLM(name, model.eval(), tokenizer)
        if own_code:
            _try_out(backbone)
        return backbone
    except SafetensorError as error:
        raise BackboneError(
            f"The weights of {name!r} are damaged ({error}); download or export the backbone again."
        ) from error
    except BackboneError:
        raise
    except Exception as error:  # code that comes with a model can raise anything
        if own_code and trust_remote_code and not isinstance(error, OSError):
            raise BackboneError(_own_code_fails(name, error, own_code)) from error
        raise BackboneError(_sentence(path, name, error, trust_remote_code, from_hub)) from error


def _own_code(path: str, found: dict) -> dict:
    """Returns the config of a model that comes with code of its own, else nothing."""
    from transformers import PreTrainedConfig

    config, _ = PreTrainedConfig.get_config_dict(path, local_files_only=found["local_files_only"])
    return config if "auto_map" in config else {}


def _kind(config, name: str):
    """Returns the class of transformers that loads a model; raises BackboneError for one that cannot write."""
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

    if config.is_encoder_decoder:
        return AutoModelForSeq2SeqLM
    if config.model_type in MODEL_FOR_MASKED_LM_MAPPING_NAMES and not getattr(config, "is_decoder", False):
        raise BackboneError(
            f"The backbone {name!r} is a {config.model_type} model, which fills gaps and writes no text; choose an "
            "encoder-decoder such as CodeT5+ or a decoder such as Qwen2.5-Coder."
        )
    return AutoModelForCausalLM


def _try_out(backbone: FrozenLM) -> None:
    """Reads and writes a token, so that code that does not run under this transformers fails now."""
    import torch

    task = Task("trial", "sort", "a")
    context = backbone.embedding_table[:1]
    with torch.no_grad():
        backbone.loss(context, [task])
    backbone.generate(context, [task.instruction], GenerationSettings(max_new_tokens=2))


def _hub_answers(path: str, name: str) -> bool:
    """Returns whether the hub answers, asked once: without a network the loaders below retry for half a minute.

    Raises BackboneError if it answers that there is no such model.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    if os.path.exists(path):
        return False
    try:
        HfApi().model_info(path, timeout=HUB_TIMEOUT)
    except RepositoryNotFoundError as error:
        raise BackboneError(
            f"There is no backbone {name!r} on the Hugging Face hub, or it is a private one; check the name, or log in "
            "with `hf auth login`."
        ) from error
    except HfHubHTTPError:
        return True  # it answers, but not with this model: the loader says it best
    except Exception:  # what the client raises without a network differs from release to release
        return False
    return True


def _check_parts(name: str, model, tokenizer, missing) -> None:
    """Raises BackboneError for weights that were left random, and for a tokenizer that is empty or of another model."""
    if missing:
        raise BackboneError(
            f"The weights of {name!r} are incomplete ({len(missing)} tensors are missing, the first is "
            f"{min(missing)}); download or export the backbone again."
        )
    if "return" not in tokenizer.decode(tokenizer("return")["input_ids"]):  # transformers makes up an empty one
        raise BackboneError(f"The tokenizer of {name!r} is missing; save it beside the model with save_pretrained.")
    rows = len(model.get_input_embeddings().weight)
    if len(tokenizer) > rows:
        raise BackboneError(
            f"The tokenizer of {name!r} has {len(tokenizer):,} tokens, but the model only {rows:,}; "
            "put model and tokenizer of one backbone into the folder."
        )


def _load_tokenizer(path: str, options: dict):
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(path, **options)
    except (TypeError, ValueError) as error:
        if "AddedToken" not in str(error):
            raise
        return AutoTokenizer.from_pretrained(path, additional_special_tokens=CODET5_EXTRA_TOKENS, **options)


def _own_code_fails(name: str, error: Exception, config: dict) -> str:
    """Returns which transformers the code of a model was written for, in one line with what to do."""
    from transformers import __version__

    saved = config.get("transformers_version")
    written = f"it was saved with transformers {saved}" if saved else "its config does not say which release it needs"
    if config.get("model_type") == "codet5p":
        written = f"CodeT5+ 2B, 6B and 16B need transformers {CODET5P_NEEDS}"
    return (
        f"The Python code that comes with the backbone {name!r} does not run under transformers {__version__} "
        f"({type(error).__name__}: {first_line(error)}): {written}; ask its authors for newer code, or choose a "
        "backbone that transformers knows by itself, such as Salesforce/codet5p-770m."
    )


def _sentence(path: str, name: str, error: Exception, trust_remote_code: bool, from_hub: bool) -> str:
    """Returns what went wrong in loading, in one line with what to do."""
    first = first_line(error)
    if "trust_remote_code" in str(error) and not trust_remote_code:
        return (
            f"The backbone {name!r} comes with its own Python code, which runs on your machine; read it, then load "
            "with trust_remote_code=True (--trust-remote-code) if you trust it."
        )
    if os.path.exists(path):
        return f"The backbone folder {name!r} cannot be loaded ({first}); export it again with save_pretrained."
    if "cannot be loaded with `safetensors`" in str(error):
        return (
            f"The backbone {name!r} has no .safetensors weights on the Hugging Face hub, and a pickle is not read, "
            "for it can run code; convert it (https://huggingface.co/spaces/safetensors/convert) or choose another."
        )
    reasons = ("connect", "offline", "resolve", "network", "internet", "Max retries", "timed out", "reach", "peer")
    unreachable = any(word.lower() in str(error).lower() for word in reasons)
    if unreachable and from_hub:  # it answered before
        return f"The download of the backbone {name!r} broke off ({first}); start it again, what has arrived is kept."
    if unreachable:
        return (
            f"The backbone {name!r} is neither a folder here nor in the local cache, and the Hugging Face hub cannot "
            "be reached; connect to a network, or give the folder of a downloaded model."
        )
    return f"The backbone {name!r} cannot be loaded ({first}); check the name on the Hugging Face hub."
