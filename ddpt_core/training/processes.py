"""The processes that share a training or an evaluation: this one alone, or those that a launcher started.

`torchrun --nproc_per_node 2 -m ddpt_core train ...` and `accelerate launch --config_file FILE -m ddpt_core train ...`
start one process per device. Each holds the backbone and reads its part of every batch; the first one, the main
process, alone writes files and prints. What one process tells another is JSON, never a pickle.
"""

import atexit
import gc
import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

from ddpt_core import errors

Result = TypeVar("Result")
Compute = Callable[[Callable[[], Any]], Any]
MOMENT = 0.2  # s
PATIENCE = timedelta(days=1)  # how long processes wait for the main one, which may run unit tests or a long validation


def is_main() -> bool:
    """Returns whether this process is the one that writes and prints."""
    return os.environ.get("RANK", "0") == "0"


@cache
def processes() -> "Processes":
    """Returns this process alone, or as one of those that torchrun or accelerate started; these meet at this call."""
    return Launched() if int(os.environ.get("WORLD_SIZE", "1")) > 1 else Processes()


class Processes:
    """One process, which is all there is; what several do together is here done by one."""

    rank, count = 0, 1
    device: str | None = None  # to load the backbone on; None leaves the choice

    def part(self, length: int, pieces: int = 1) -> list[slice]:
        """Returns this process's share of a batch as `pieces` slices; all slices of all processes differ by one row."""
        whole = self.count * pieces
        edges = [length * i // whole for i in range(whole + 1)]
        return [slice(edges[i], edges[i + 1]) for i in range(self.rank * pieces, (self.rank + 1) * pieces)]

    def sum(self, values: Sequence[float]) -> list[float]:
        """Returns the sums over all processes."""
        return list(values)

    def each(self, work: Callable[[], Result]) -> list[Result]:
        """Returns what `work` returned (JSON) in every process, in order; a DDPTError of one is raised in all."""
        return [work()]

    def on_main(self, work: Callable[[], Result]) -> Result:
        """Returns in every process what `work` returned (JSON) in the main one; its DDPTError is raised in all."""
        return work()

    def inside(self, module) -> Compute:
        """Returns what runs a function inside the forward of `module`, whose gradients are then averaged over all."""
        return lambda compute: compute()

    def keeping_back(self, inside: Compute) -> AbstractContextManager:
        """Returns the context in which gradients are not yet averaged but added up."""
        return nullcontext()

    def shard(self, backbone) -> None:
        """Spreads the frozen weights over the processes, if Accelerate's configuration asks for FSDP."""


class Launched(Processes):
    """One of several processes, by Accelerate: on a GPU each by NCCL, else on the CPU by gloo."""

    def __init__(self) -> None:
        import torch
        from accelerate import Accelerator, DistributedDataParallelKwargs, DistributedType, InitProcessGroupKwargs

        self.accelerator = Accelerator(
            cpu=not torch.accelerator.is_available(),
            mixed_precision="no",  # the trainer has its own, the same as in one process
            kwargs_handlers=[
                InitProcessGroupKwargs(timeout=PATIENCE),
                DistributedDataParallelKwargs(broadcast_buffers=False),
            ],
        )
        self.rank, self.count = self.accelerator.process_index, self.accelerator.num_processes
        self._sharded = self.accelerator.distributed_type == DistributedType.FSDP
        atexit.register(_leave, self.accelerator)
        on_cpu = self._sharded or self.accelerator.device.type == "cpu"  # FSDP moves each part by itself
        self.device = "cpu" if on_cpu else str(self.accelerator.device)

    def sum(self, values: Sequence[float]) -> list[float]:
        """Returns the sums over all processes."""
        import torch

        return self.accelerator.reduce(torch.tensor(values, dtype=torch.float64, device=self._on), "sum").tolist()

    @property
    def _on(self):
        return self.accelerator.device

    def each(self, work: Callable[[], Result]) -> list[Result]:
        """Returns what `work` returned (JSON) in every process, in order; a DDPTError of one is raised in all."""
        try:
            answer: dict[str, Any] = {"result": work()}
        except errors.DDPTError as error:
            answer = {"error": [type(error).__name__, str(error)]}
        answers = [json.loads(text) for text in self._told(json.dumps(answer))]
        for name, text in (answer["error"] for answer in answers if "error" in answer):
            raise getattr(errors, name, errors.DDPTError)(text)
        return [answer["result"] for answer in answers]

    def on_main(self, work: Callable[[], Result]) -> Result:
        """Returns in every process what `work` returned (JSON) in the main one; its DDPTError is raised in all."""
        return self.each(work if self.rank == 0 else lambda: None)[0]  # type: ignore[arg-type,return-value]

    def _told(self, text: str) -> list[str]:
        """Returns the text of every process, in order; as tensors, since objects would be sent as pickles."""
        import torch

        given = torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8).to(self._on)
        sizes = self.accelerator.gather(torch.tensor([len(given)], device=self._on)).tolist()
        rows = self.accelerator.gather(self.accelerator.pad_across_processes(given)[None]).cpu().numpy()
        return [row[:size].tobytes().decode() for row, size in zip(rows, sizes, strict=True)]

    def inside(self, module) -> Compute:
        """Returns what runs a function inside the forward of `module`, whose gradients are then averaged over all."""
        from torch.nn.parallel import DistributedDataParallel

        if self._sharded:  # but not what learns: it is small, and lies whole in each process
            devices = None if self._on.type == "cpu" else [self._on]
            return DistributedDataParallel(_inside(module), device_ids=devices, broadcast_buffers=False)
        return self.accelerator.prepare_model(_inside(module))

    def keeping_back(self, inside: Compute) -> AbstractContextManager:
        """Returns the context in which gradients are not yet averaged but added up."""
        return inside.no_sync()  # type: ignore[attr-defined]

    def shard(self, backbone) -> None:
        """Spreads the frozen weights over the processes, if Accelerate's configuration asks for FSDP.

        The embedding table stays whole in each, because it is read outside of the model; Accelerate's own `prepare`
        would shard that as well. Raises ConfigError for FSDP 1, which would put another model in place of this one.
        """
        if not self._sharded:
            return
        if not self.accelerator.is_fsdp2:
            raise errors.ConfigError("FSDP must be of version 2, got 1; set fsdp_version: 2 in Accelerate's file.")
        from accelerate.utils.fsdp_utils import fsdp2_prepare_auto_wrap_policy
        from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

        _ = backbone.sha256  # while the weights are whole
        model, plugin = backbone.model, self.accelerator.state.fsdp_plugin
        plugin.set_auto_wrap_policy(model)
        is_unit = fsdp2_prepare_auto_wrap_policy(plugin, model) or (lambda module: False)
        options = {
            "reshard_after_forward": plugin.reshard_after_forward,
            "offload_policy": plugin.cpu_offload,
            "mp_policy": plugin.mixed_precision_policy or MixedPrecisionPolicy(),
            "ignored_params": set(model.get_input_embeddings().to(self._on).parameters()),
        }
        _, *within = model.modules()
        for module in [*filter(is_unit, reversed(within)), model]:  # inner ones first
            fully_shard(module, **options)


def _leave(accelerator) -> None:
    """Ends the group of processes, as NCCL asks, and leaves its threads a moment.

    A thread of gloo that still lets go of a tensor needs the interpreter; if that is gone by then, the process aborts.
    """
    accelerator.end_training()
    gc.collect()
    time.sleep(MOMENT)


def _inside(module):
    """Returns a module around `module` that computes what it is given, where its wrapper's hooks see it."""
    import torch

    class Inside(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def forward(self, compute: Callable[[], Any]) -> Any:
            return compute()

    return Inside()
