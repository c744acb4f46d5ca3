"""What the Train tab does, as named endpoints for gradio_client; they return plain JSON."""

from dataclasses import asdict
from typing import Any

import gradio as gr

from app.page.services import as_endpoint
from app.page.sources import Source, at_this_machine, source_of
from app.page.stream import FAILED
from app.train.training import CANCEL, PAUSE, Training
from app.train.trainings import Trainings, config_of
from app.train.with_styles import Styles
from ddpt_core.arms import DDPT
from ddpt_core.backbone.registry import DEFAULT
from ddpt_core.data.readers import OWN_TRAINING
from ddpt_core.errors import ConfigError
from ddpt_core.settings import DEFAULT_CONTEXT, TrainConfig


def add(trainings: Trainings) -> None:
    """Adds the endpoints to the page that is being built."""
    api = Endpoints(trainings)
    for function in (
        api.check_data,
        api.train,
        api.train_styles,
        api.trainings_now,
        api.pause_training,
        api.resume_training,
        api.cancel_training,
        api.delete_training,
    ):
        gr.api(as_endpoint(function), api_name=function.__name__, concurrency_limit=4)


class Endpoints:
    """The endpoints; code that comes with a model runs by none of them, only by the page's own box."""

    def __init__(self, trainings: Trainings):
        self.trainings = trainings

    def check_data(
        self,
        data: str = OWN_TRAINING,
        backbone: str = DEFAULT,
        method: str = DDPT,
        context: str = DEFAULT_CONTEXT,
        steps: int = 60,
        batch_size: int = 10,
        context_length: int = 16,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> dict[str, Any]:
        """Returns what a training would make of `data`: rows, how they are divided, lengths in tokens, what is cut.

        `data` is "families:training", a data set of the hub as owner/name or, from the server's own machine, a path.
        """
        sizes = {"steps": steps, "batch_size": batch_size, "context_length": context_length}
        source, name, config = self._asked(request, data, backbone, method, context, **sizes)
        found, _ = self.trainings.check(source, name, config, lambda share, text: None)
        return {"data": source.name, **asdict(found)}

    def train(
        self,
        data: str = OWN_TRAINING,
        backbone: str = DEFAULT,
        method: str = DDPT,
        context: str = DEFAULT_CONTEXT,
        name: str = "",
        steps: int = 60,
        batch_size: int = 10,
        lr: float | None = None,
        seed: int = 0,
        context_length: int = 16,
        hidden: int = 256,
        diffusion_weight: float = 0.0,
        validate_every: int = 50,
        wait: bool = True,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> dict[str, Any]:
        """Trains a prompt and returns how that ended, with its losses and figures; without `wait` as soon as it began.

        `data` and `backbone` as for /check_data; "" for a name gives it one by itself, `lr` null is the method's own.
        """
        sizes = {"steps": steps, "batch_size": batch_size, "seed": seed, "context_length": context_length}
        sizes |= {"hidden": hidden, "validate_every": validate_every}
        source, known, config = self._asked(
            request, data, backbone, method, context, lr=lr, diffusion_weight=diffusion_weight, **sizes
        )
        return _ended(self.trainings.start(self.trainings.wanted(source, known, config, name)), wait)

    def train_styles(
        self,
        styles: list[str],
        backbone: str = DEFAULT,
        name: str = "",
        trainings: int = 3,
        passes: int = 40,
        steps: int = 2000,
        context: str = DEFAULT_CONTEXT,
        context_length: int = 16,
        seed: int = 0,
        wait: bool = True,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> dict[str, Any]:
        """Trains a prompt with styles and returns how that ended; without `wait` as soon as it began.

        Its library comes first: `trainings` of `passes` LLM passes for each style; then `steps` of the denoiser. A
        library that was stopped goes on under the same name.
        """
        known = self.trainings.backbone_of(backbone, at_this_machine(request))
        asked = Styles.asked(styles, trainings, passes, context, context_length)
        wanted = self.trainings.with_styles(known, name, asked, steps, seed)
        return _ended(self.trainings.start(wanted), wait)

    def trainings_now(self) -> dict[str, Any]:
        """Returns the training that is under way or ended last, null for none, and those that were stopped."""
        stopped = [{"name": one.name, **one.standing, **one.about} for one in self.trainings.stopped().values()]
        return {"latest": self.trainings.latest and described(self.trainings.latest), "stopped": stopped}

    def pause_training(self) -> dict[str, Any]:
        """Pauses the training under way, waits until it has, and returns how it stands; it can be resumed."""
        return _ended(self.trainings.ask(PAUSE))

    def resume_training(
        self,
        name: str,
        data: str = "",
        wait: bool = True,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> dict[str, Any]:
        """Goes on with a stopped training; `data` is needed for one that was begun on the command line."""
        local, stopped = at_this_machine(request), self.trainings.stopped().get(name)
        if stopped:
            self.trainings.backbone_of(stopped.about["backbone"]["name"], local)
        return _ended(self.trainings.resume(name, source_of(data, local=local) if data else None), wait)

    def cancel_training(self) -> dict[str, Any]:
        """Ends the training under way and returns how far it was; nothing of it is kept."""
        return _ended(self.trainings.ask(CANCEL))

    def delete_training(self, name: str) -> dict[str, Any]:
        """Deletes a stopped training with the prompt that it had so far, and returns those that are left."""
        self.trainings.delete(name)
        return {"stopped": list(self.trainings.stopped())}

    def _asked(
        self, request: gr.Request, data: str, backbone: str, method: str, context: str, **settings: Any
    ) -> tuple[Source, str, TrainConfig]:
        local = at_this_machine(request)
        config = config_of(method, context, **settings)
        return source_of(data, local=local), self.trainings.backbone_of(backbone, local), config


def described(training: Training) -> dict[str, Any]:
    """Returns how a training stands, as plain JSON; `outcome` is "" while it is under way."""
    wanted = training.wanted
    return {
        "name": wanted.name,
        "data": wanted.data,
        "backbone": wanted.backbone,
        "config": asdict(wanted.config),
        "outcome": training.outcome,
        "step": training.step,
        "best_step": training.best_step,
        "best_validation_loss": training.best,
        "losses": [asdict(point) for point in training.points],
        "metrics": training.result and training.result["metrics"],
    }


def _ended(training: Training, wait: bool = True) -> dict[str, Any]:
    """Returns how a training stands, with `wait` once it has ended; raises ConfigError for one that failed."""
    if wait:
        training.ended.wait()
    if training.outcome == FAILED:
        raise ConfigError(training.sentence)
    return described(training)
