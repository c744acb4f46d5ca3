"""How a backbone's weights are held, and whether they fit."""

from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ddpt_core.backbone.registry import DEFAULT
from ddpt_core.errors import BackboneError, ConfigError, require_choice

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}  # of a weight
DEVICE_MAPS = ("auto", "balanced", "balanced_low_0", "sequential")  # what accelerate knows
CGROUP = Path("/sys/fs/cgroup")  # a container's limits, version 2


@dataclass(frozen=True)
class LoadOptions:
    """How the weights are held: `dtype`, where auto is settled when the backbone is known; `device_map` spreads them
    over all devices; `load_in_8bit` halves bfloat16.

    Rounded weights are other weights: a prompt belongs to the backbone as it was loaded when the prompt was trained.
    """

    dtype: str = "auto"
    device_map: str | None = None
    load_in_8bit: bool = False

    def __post_init__(self) -> None:
        require_choice("dtype", self.dtype, ("auto", *BYTES))
        if self.device_map is not None:
            require_choice("device map", self.device_map, DEVICE_MAPS)

    def settled(self, name: str, device: str) -> "LoadOptions":
        """Returns the options with auto made bfloat16 for the default backbone where that is fast, else float32.

        The default backbone's weights are bfloat16 numbers, so they are the same in both; those of others would be
        rounded. What is fast was measured: `python -m benchmarks training` tells it of this machine.
        """
        if self.dtype != "auto":
            return self
        return replace(self, dtype="bfloat16" if name == DEFAULT and bfloat16_is_fast(device) else "float32")

    @property
    def precision(self) -> str:
        """One of BYTES; what is not settled is float32."""
        return "float32" if self.dtype == "auto" else self.dtype

    def check(self, device: str) -> None:
        """Raises ConfigError for what `device` cannot do, BackboneError for what is not installed."""
        if self.dtype == "float16" and device == "cpu" and not self.load_in_8bit:
            raise ConfigError("float16 overflows on a CPU (T5 gives NaN); choose bfloat16, which takes as much memory.")
        if self.load_in_8bit and find_spec("bitsandbytes") is None:
            raise BackboneError(
                "Loading in 8 bits needs the package bitsandbytes, which is not installed; pip install bitsandbytes, "
                "or load in bfloat16."
            )

    def arguments(self, device: str) -> dict[str, Any]:
        """Returns what `from_pretrained` is told."""
        import torch

        told: dict[str, Any] = {"dtype": getattr(torch, self.precision)}
        if self.device_map is not None or self.load_in_8bit:  # weights in 8 bits cannot be moved afterwards
            told["device_map"] = self.device_map or {"": device}
        if self.load_in_8bit:
            from transformers import BitsAndBytesConfig

            told["quantization_config"] = BitsAndBytesConfig(load_in_8bit=True)
        return told

    def needed(self, skeleton) -> int:
        """Returns the bytes that the weights of a model will take, given the model without weights."""
        import torch

        size = BYTES[self.precision]
        count = sum(parameter.numel() for parameter in skeleton.parameters())
        if not self.load_in_8bit:
            return count * size
        layers = (module for module in skeleton.modules() if isinstance(module, torch.nn.Linear))
        linear = sum(parameter.numel() for parameter in {layer.weight for layer in layers})
        return linear + (count - linear) * size


def bfloat16_is_fast(device: str) -> bool:
    """Returns whether a device multiplies in bfloat16 by instructions of its own; without them it takes several times
    as long as in float32."""
    import torch

    if device.startswith("cuda"):
        return torch.cuda.is_bf16_supported()
    return device == "cpu" and bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def check_memory(name: str, skeleton, options: LoadOptions, device: str) -> None:
    """Raises BackboneError if the weights of a model, given without them, need more memory than is free."""
    needed, free = options.needed(skeleton), free_memory(device, options.device_map is not None)
    if needed <= free:
        return
    count = sum(parameter.numel() for parameter in skeleton.parameters())
    held = "8 bits" if options.load_in_8bit else options.precision
    ways = ["choose a smaller one"]
    if options.device_map is None and device != "cpu":
        ways.insert(0, "spread it over all devices (--device-map auto)")
    if not options.load_in_8bit:
        ways.insert(0, "load it in 8 bits (--load-in-8bit)")
    if BYTES[options.precision] > 2 and not options.load_in_8bit:
        ways.insert(0, "load it in half of that (--dtype bfloat16)")
    where = "on all devices" if options.device_map else f"on the device {device}"
    raise BackboneError(
        f"The backbone {name!r} has {count / 1e9:.2f} billion parameters, which take {needed / 1e9:.1f} GB in {held}, "
        f"but {free / 1e9:.1f} GB are free {where}; {', '.join(ways[:-1])} or {ways[-1]}."
    )


def free_memory(device: str, everywhere: bool = False) -> int:
    """Returns the free bytes of a device; `everywhere` those of the CPU and all GPUs together."""
    import torch

    if not everywhere and device == "cpu":
        return _free_on_cpu()
    if not everywhere:
        return torch.cuda.mem_get_info(torch.device(device))[0]
    return _free_on_cpu() + sum(torch.cuda.mem_get_info(i)[0] for i in range(torch.cuda.device_count()))


def _free_on_cpu() -> int:
    """Returns what the system has left, or the container if that is less."""
    import psutil

    free = int(psutil.virtual_memory().available)
    try:
        limit, used = (int((CGROUP / name).read_text()) for name in ("memory.max", "memory.current"))
        cached = dict(line.split() for line in (CGROUP / "memory.stat").read_text().splitlines())["inactive_file"]
    except (OSError, ValueError, KeyError):  # no container, or one without a limit ("max")
        return free
    return min(free, limit - used + int(cached))  # what only caches files is given up first
