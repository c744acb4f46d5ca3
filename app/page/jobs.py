"""One runner for what goes on whoever looks: of each kind, trainings and studies, one at a time."""

import atexit
import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from app.page.stream import DONE, FAILED, UNEXPECTED, Cancelled
from ddpt_core.errors import ConfigError, DDPTError

STOPPED = "stopped"  # how a job can end, beside DONE and FAILED
STOP = "stop"  # what one can be asked

log = logging.getLogger(__name__)


class Job:
    """A piece of work as it goes on: one thread writes it, others read it.

    `text` is what is being done, `asked` what it was asked to do before its end, `outcome` "" while it goes on.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.text, self.asked, self.outcome, self.sentence = "Starting…", "", "", ""
        self.ended = threading.Event()

    def ask(self, what: str = STOP) -> None:
        """Asks it to end as soon as it next tells where it stands."""
        self.asked = what

    def tell(self, share: float, text: str) -> None:
        """Notes in words what is going on; raises Cancelled once it is asked to stop."""
        self.text = text
        if self.asked:
            raise Cancelled


AJob = TypeVar("AJob", bound=Job)


class Jobs(Generic[AJob]):
    """Runs one job at a time, each in a thread of its own that holds the model; `services` gives the turns at it."""

    KIND = "job"  # in a sentence
    LAST = 30.0  # seconds that the program waits, when it is ended, so that a job can stop
    BEFORE_ANOTHER = "wait for its end"  # what to do where one is under way

    def __init__(self, services) -> None:
        self.services = services
        self.latest: AJob | None = None  # the one under way, else the one that ended last
        self.change = threading.Lock()  # held while it is decided whether one begins, or goes

    @property
    def under_way(self) -> AJob | None:
        """The job under way, None if there is none."""
        return self.latest if self.latest and not self.latest.outcome else None

    def ask(self, what: str = STOP) -> AJob:
        """Asks the job under way to end, and returns it; raises ConfigError if there is none."""
        job = self.under_way
        if job is None:
            raise ConfigError(f"No {self.KIND} is under way.")
        job.ask(what)
        return job

    def require_idle(self) -> None:
        """Raises ConfigError if a job is under way."""
        if job := self.under_way:
            raise ConfigError(f"The {self.KIND} {job.name!r} is under way; {self.BEFORE_ANOTHER}.")

    def begin(self, job: AJob, work: Callable[[AJob], None]) -> AJob:
        """Returns the job, which has begun."""
        if self.latest is None:
            atexit.register(self.rest)
        self.latest = job
        threading.Thread(target=self._go, args=(job, work), daemon=True).start()
        return job

    def rest(self) -> None:
        """Stops the job under way, and waits until it has."""
        if job := self.under_way:
            job.ask()
            job.ended.wait(self.LAST)

    def said(self, job: AJob, sentence: str) -> str:
        """Returns what the page says of a sentence of the core's."""
        return sentence

    def left(self, job: AJob, outcome: str, sentence: str) -> tuple[str, str]:
        """Tidies up after a job, and returns outcome and sentence as the page tells them."""
        return outcome, sentence

    def _go(self, job: AJob, work: Callable[[AJob], None]) -> None:
        outcome, sentence = FAILED, UNEXPECTED
        try:
            with self.services.model(job.tell):
                work(job)
            outcome, sentence = DONE, ""
        except Cancelled:
            outcome, sentence = STOPPED, ""
        except DDPTError as error:
            sentence = self.said(job, str(error))
        except Exception:
            log.exception("The %s %s failed", self.KIND, job.name)
        finally:
            job.outcome, job.sentence = self.left(job, outcome, sentence)
            job.ended.set()
