"""Loading a backbone: the default one, a folder, or a name on the Hugging Face hub."""

import os
from pathlib import Path
from typing import Any

from ddpt_core.backbone import fetch
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.backbone.generation import marks_alone
from ddpt_core.backbone.kinds import check_family, kind_of
from ddpt_core.backbone.load_options import LoadOptions, check_memory
from ddpt_core.backbone.registry import DEFAULT
from ddpt_core.backbone.soundness import check_reading, check_tokenizer, check_weights
from ddpt_core.data.task import Task
from ddpt_core.errors import BackboneError, first_line
from ddpt_core.settings import GenerationSettings

PLAIN = {"return_dict": True, "output_hidden_states": False, "output_attentions": False}  # what a config may ask for
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
    """Returns the frozen model: the default one for None, else that of a folder or of a name on the hub.

    The default one is fetched if it is not in place (see fetch.py). `device` is "cuda" where there is one, else "cpu";
    `options` say how the weights are held, by default as LoadOptions.settled says. Code that comes with a model runs
    only if `trust_remote_code` is given: it can do whatever you can do on your machine.
    Weights must be safetensors. Without a network a name is looked up in the local cache. Raises BackboneError.
    """
    if source is None or str(source) == DEFAULT:
        return load_folder(fetch.fetch(), DEFAULT, device, options)
    name = str(source)
    path = os.path.expanduser(name)
    if os.path.lexists(path) or path.startswith((".", "/", "~")) or path.count("/") > 1:
        _check_folder(Path(path), name)
    return load_folder(path, name, device, options, trust_remote_code)


def load_folder(
    folder: str | Path,
    name: str,
    device: str | None = None,
    options: LoadOptions | None = None,
    trust_remote_code: bool = False,
) -> FrozenLM:
    """Returns the frozen model of a folder, or of a name on the hub, under the name `name`; see load_backbone."""
    import torch

    chosen = str(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    options = (options or LoadOptions()).settled(name, chosen)
    options.check(chosen)
    return _load(str(folder), name, chosen, trust_remote_code, options)


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
    import transformers
    from safetensors import SafetensorError
    from transformers import AutoConfig

    from_hub = _hub_answers(path, name)
    found = {"trust_remote_code": trust_remote_code, "local_files_only": not from_hub}
    own_code: dict = {}
    try:
        stored = _stored(path, found)
        own_code = stored if "auto_map" in stored else {}
        config = AutoConfig.from_pretrained(path, **found, **PLAIN)
        check_family(name, config, bool(own_code) and trust_remote_code)
        kind = kind_of(config)
        loader: Any = getattr(transformers, kind.loader)
        with torch.device("meta"):
            skeleton = loader.from_config(config, trust_remote_code=trust_remote_code)
        check_memory(name, skeleton, options, device)
        marks = _marks(path, stored, found)
        if not own_code:
            kind.settle(name, config, marks)
        model, report = loader.from_pretrained(
            path,
            config=config,
            generation_config=marks,
            use_safetensors=True,
            output_loading_info=True,
            **options.arguments(device),
            **found,
        )
        tokenizer = _load_tokenizer(path, found)
        check_weights(name, model, report["missing_keys"])
        check_tokenizer(name, tokenizer, len(model.get_input_embeddings().weight))
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


def _stored(path: str, found: dict, file: str = "config.json") -> dict:
    """Returns what a config file beside a model says, as it stands there."""
    from transformers import PreTrainedConfig

    only = {"local_files_only": found["local_files_only"]}
    config, _ = PreTrainedConfig.get_config_dict(path, _configuration_file=file, **only)
    return config


def _marks(path: str, stored: dict, found: dict):
    """Returns the generation config of a model's marks alone, from its file where there is one, else from its config.

    transformers would read the whole file, and refuse the model for settings that contradict each other.
    """
    try:
        own = _stored(path, found, "generation_config.json")
    except OSError:  # there is none, or it is no JSON
        own = {}
    return marks_alone(stored | {key: value for key, value in own.items() if value is not None})


def _try_out(backbone: FrozenLM) -> None:
    """Reads and writes a token, so that code that does not run under this transformers, or reads wrongly, fails now."""
    import torch

    task = Task("trial", "sort", "a")
    context = backbone.embedding_table[:1]
    with torch.no_grad():
        backbone.loss(context, [task])
    backbone.generate(context, [task.instruction], GenerationSettings(max_new_tokens=2))
    check_reading(backbone)


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
