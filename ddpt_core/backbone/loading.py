"""Loading a backbone: the embedded default, a folder, or a name on the Hugging Face hub."""

import os
from pathlib import Path

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.backbone.registry import ASSETS, EMBEDDED
from ddpt_core.errors import BackboneError, first_line

HUB_TIMEOUT = 10.0  # s, for the first answer of the hub
# CodeT5's special tokens; its stored map does not load in transformers 5, so they are given again.
CODET5_EXTRA_TOKENS = [f"<extra_id_{i}>" for i in range(99, -1, -1)]


def load_backbone(
    source: str | Path | None = None, device: str | None = None, trust_remote_code: bool = False
) -> FrozenLM:
    """Returns the frozen model: the embedded one for None, else that of a folder or of a name on the hub.

    `device` is "cuda" where there is one, else "cpu". Code that comes with a model runs only if `trust_remote_code` is
    given. Weights must be safetensors. Without a network a name is looked up in the local cache. Raises BackboneError.
    """
    import torch

    name = EMBEDDED if source is None or str(source) == EMBEDDED else str(source)
    path = str(ASSETS / "backbone") if name == EMBEDDED else os.path.expanduser(name)
    if os.path.lexists(path) or path.startswith((".", "/", "~")) or path.count("/") > 1:
        _check_folder(Path(path), name)
    model, tokenizer = _load(path, name, trust_remote_code)
    chosen = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return FrozenLM(name, model.to(chosen).eval(), tokenizer)


def _check_folder(folder: Path, name: str) -> None:
    if not os.path.isdir(folder):
        raise BackboneError(f"There is no backbone folder {name!r}; give a folder with config.json or a hub name.")
    if not (folder / "config.json").is_file():
        raise BackboneError(f"The folder {name!r} holds no config.json, so it is no backbone; choose another folder.")
    if not list(folder.glob("*.safetensors")):
        raise BackboneError(
            f"The folder {name!r} holds no .safetensors weights; save the model with save_pretrained, not as a pickle."
        )


def _load(path: str, name: str, trust_remote_code: bool):
    """Returns (model, tokenizer) with the many errors of the libraries below turned into one sentence each."""
    import torch
    from safetensors import SafetensorError
    from transformers import AutoConfig, AutoModelForSeq2SeqLM

    options = {"trust_remote_code": trust_remote_code, "local_files_only": not _hub_answers(path)}
    try:
        config = AutoConfig.from_pretrained(path, **options)
        if not config.is_encoder_decoder:
            raise BackboneError(
                f"The backbone {name!r} is a {config.model_type} model, but an encoder-decoder such as T5 or CodeT5+ "
                "is needed; choose another."
            )
        model, report = AutoModelForSeq2SeqLM.from_pretrained(
            path, dtype=torch.float32, use_safetensors=True, output_loading_info=True, **options
        )
        tokenizer = _load_tokenizer(path, options)
        _check_parts(name, model, tokenizer, report["missing_keys"])
        return model, tokenizer
    except SafetensorError as error:
        raise BackboneError(
            f"The weights of {name!r} are damaged ({error}); download or export the backbone again."
        ) from error
    except BackboneError:
        raise
    except Exception as error:  # code that comes with a model can raise anything
        raise BackboneError(_sentence(path, name, error, trust_remote_code)) from error


def _hub_answers(path: str) -> bool:
    """Returns whether the hub answers, asked once: without a network the loaders below retry for half a minute."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    if os.path.exists(path):
        return False
    try:
        HfApi().model_info(path, timeout=HUB_TIMEOUT)
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


def _sentence(path: str, name: str, error: Exception, trust_remote_code: bool) -> str:
    """Returns what went wrong in loading, in one line with what to do."""
    first = first_line(error)
    if "trust_remote_code" in str(error) and not trust_remote_code:
        return (
            f"The backbone {name!r} comes with its own Python code, which runs on your machine; read it, then load "
            "with trust_remote_code=True (--trust-remote-code) if you trust it."
        )
    if os.path.exists(path):
        return f"The backbone folder {name!r} cannot be loaded ({first}); export it again with save_pretrained."
    reasons = ("connect", "offline", "resolve", "network", "internet", "Max retries", "timed out", "reach")
    if any(word.lower() in str(error).lower() for word in reasons):
        return (
            f"The backbone {name!r} is neither a folder here nor in the local cache, and the Hugging Face hub cannot "
            "be reached; connect to a network, or give the folder of a downloaded model."
        )
    return f"The backbone {name!r} cannot be loaded ({first}); check the name on the Hugging Face hub."
