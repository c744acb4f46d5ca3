"""Loading a backbone: the embedded default, a folder, or a name on the Hugging Face hub."""

from pathlib import Path

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.backbone.registry import ASSETS, EMBEDDED
from ddpt_core.errors import BackboneError

# CodeT5's special tokens; its stored map does not load in transformers 5, so they are given again.
CODET5_EXTRA_TOKENS = [f"<extra_id_{i}>" for i in range(99, -1, -1)]


def load_backbone(
    source: str | Path | None = None, device: str | None = None, trust_remote_code: bool = False
) -> FrozenLM:
    """Returns the frozen model: the embedded one for None, else that of a folder or of a name on the hub.

    `device` is "cuda" where there is one, else "cpu". Code that comes with a model runs only if `trust_remote_code` is
    given. Weights must be safetensors. Raises BackboneError.
    """
    import torch

    name = EMBEDDED if source is None or str(source) == EMBEDDED else str(source)
    path = str(ASSETS / "backbone") if name == EMBEDDED else name
    if Path(path).exists() or path.startswith((".", "/", "~")) or path.count("/") > 1:
        path = str(_checked_folder(Path(path).expanduser()))
    model, tokenizer = _load(path, name, trust_remote_code)
    chosen = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return FrozenLM(name, model.to(chosen).eval(), tokenizer)


def _checked_folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise BackboneError(f"There is no backbone folder {folder}; give a folder with config.json or a hub name.")
    if not (folder / "config.json").is_file():
        raise BackboneError(f"The folder {folder} holds no config.json, so it is no backbone; choose another folder.")
    if not list(folder.glob("*.safetensors")):
        raise BackboneError(
            f"The folder {folder} holds no .safetensors weights; save the model with save_pretrained, not as a pickle."
        )
    return folder


def _load(path: str, name: str, trust_remote_code: bool):
    """Returns (model, tokenizer) with the many errors of the libraries below turned into one sentence each."""
    import torch
    from safetensors import SafetensorError
    from transformers import AutoConfig, AutoModelForSeq2SeqLM

    try:
        config = AutoConfig.from_pretrained(path, trust_remote_code=trust_remote_code)
        if not config.is_encoder_decoder:
            raise BackboneError(
                f"The backbone {name!r} is a {config.model_type} model, but an encoder-decoder such as T5 or CodeT5+ is "
                "needed; choose another."
            )
        model = AutoModelForSeq2SeqLM.from_pretrained(
            path, dtype=torch.float32, use_safetensors=True, trust_remote_code=trust_remote_code
        )
        return model, _load_tokenizer(path, trust_remote_code)
    except SafetensorError as error:
        raise BackboneError(
            f"The weights of {name!r} are damaged ({error}); download or export the backbone again."
        ) from error
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise BackboneError(_sentence(path, name, error, trust_remote_code)) from error


def _load_tokenizer(path: str, trust_remote_code: bool):
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(path, trust_remote_code=trust_remote_code)
    except (TypeError, ValueError) as error:
        if "AddedToken" not in str(error):
            raise
        return AutoTokenizer.from_pretrained(path, additional_special_tokens=CODET5_EXTRA_TOKENS)


def _sentence(path: str, name: str, error: Exception, trust_remote_code: bool) -> str:
    """Returns what went wrong in loading, in one line with what to do."""
    first = next((line for line in str(error).strip().splitlines() if line.strip()), type(error).__name__)
    if "trust_remote_code" in str(error) and not trust_remote_code:
        return (
            f"The backbone {name!r} comes with its own Python code, which runs on your machine; read it, then load with "
            "trust_remote_code=True (--trust-remote-code) if you trust it."
        )
    if Path(path).exists():
        return f"The backbone folder {name!r} cannot be loaded ({first}); export it again with save_pretrained."
    reasons = ("connect", "offline", "resolve", "network", "internet", "Max retries", "timed out", "reach")
    if any(word.lower() in str(error).lower() for word in reasons):
        return (
            f"The backbone {name!r} is neither a folder here nor in the local cache, and the Hugging Face hub cannot be "
            "reached; connect to a network, or give the folder of a downloaded model."
        )
    return f"The backbone {name!r} cannot be loaded ({first}); check the name on the Hugging Face hub."
