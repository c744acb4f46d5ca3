"""What a training and the writing of answers may vary, and the names of the files that come of them; torch-free."""

from dataclasses import dataclass
from typing import Any

from ddpt_core.errors import ConfigError, require_choice, require_range

DEFAULT_CONTEXT = "Write one line of Python code for this request:"  # where the user gives none
MEASURED_AT_END = 5  # readings of the validation tasks after a DDPT training: see report.py
SNAPSHOT_SHARE = 0.4  # of the steps, the last ones
FEWEST_READ = 8  # tasks; a loss of fewer says nothing
PRECISIONS = ("auto", "no", "bf16")  # auto: bfloat16 where the device has its instructions
MAX_TEMPERATURE = 2.0  # above it the text is noise
TOP_P = 0.95  # of sampling, as in Chen et al. 2021 (arXiv 2107.03374), section 3.2

PROMPT_FILE, WEIGHTS, CARD = "prompt.json", "weights.safetensors", "README.md"  # a prompt
SNAPSHOTS = "snapshots.safetensors"  # beside them: contexts of the last part of a training, if any are kept
TRAINING_STATE = "training.safetensors"  # beside the prompt while it is trained; --resume goes on from it
TRAINING_REQUEST = "training.json"  # beside that: where the page found the data
PREDICTIONS, METRICS_FILE = "predictions.jsonl", "metrics.json"  # an evaluation
RESULTS, REPORT, REPORT_PAGE = "results.json", "report.md", "report.html"  # a study
STUDY_BEGUN, STUDY_REQUEST = "study.json", "request.json"  # beside them: its plan, and what the page was asked for
RESULTS_FORMAT = 2  # of results.json
CELL_RESULT = "result.json"  # each of its cells


@dataclass(frozen=True)
class TrainConfig:
    """How a prompt is trained. `steps` counts LLM forward passes of `batch_size` tasks each; the defaults take about
    five minutes of one core on the default backbone, and are those of studies/prompts.yaml.

    `validation_share` of the tasks is kept out of training, to choose the best weights on; `validation_tasks` of these
    are read each time, evenly spaced, by default as many as take a fifth of the time (see `read_at_once`). The paper
    fixes T = 2000 and the LLM loss alone (`diffusion_weight` 0), which is the cross-entropy (`bound` 0: see FrozenLM's
    `bounded`); context length, sizes and rates are this project's choice. The command line takes a method's rate from
    its entry in arms.py.
    A batch is that of all processes together, and each reads its part in `accumulate` pieces, one after another.
    A library of prompts wants trainings that end apart: `start_noise` moves the start of prompt tuning by that many of
    the vocabulary's deviations, and `snapshots` contexts of the last 40 % of the steps are kept (p-diff, arXiv
    2402.13144: checkpoints of one training are samples too).
    A distribution of prompts learns from the folder `library`; each of its steps reads prompts, and one
    in `llm_every` a batch of tasks as well, if `llm_weight` is not 0.
    """

    method: str
    steps: int = 60
    batch_size: int = 10
    lr: float = 1e-3
    seed: int = 0
    context: str = DEFAULT_CONTEXT
    context_length: int = 16
    timesteps: int = 2000
    noise_schedule: str = "linear"
    hidden: int = 256
    stages: int = 2
    heads: int = 4
    diffusion_weight: float = 0.0
    bound: float = 0.0
    validation_share: float = 0.1
    validation_tasks: int | None = None
    validate_every: int = 50
    save_every: int = 50
    accumulate: int = 1
    mixed_precision: str = "auto"
    start_noise: float = 0.0
    snapshots: int = 0
    library: str = ""
    llm_weight: float = 0.0
    llm_every: int = 20

    def __post_init__(self) -> None:
        require_range("steps", self.steps, 1, 10_000_000)
        require_range("batch_size", self.batch_size, 1, 4_096)
        require_range("seed", self.seed, 0, 2**63 - 1)
        require_range("context_length", self.context_length, 1, 512)
        require_range("heads", self.heads, 1, 64)
        require_range("validate_every", self.validate_every, 1)
        if self.validation_tasks is not None:
            require_range("validation_tasks", self.validation_tasks, 1)
        require_range("save_every", self.save_every, 1)
        require_range("accumulate", self.accumulate, 1, 4_096)
        require_range("snapshots", self.snapshots, 0, 1_000)
        require_choice("mixed precision", self.mixed_precision, PRECISIONS)
        if not 0 < self.lr <= 10:
            raise ConfigError(f"lr must be above 0 and at most 10, got {self.lr}.")
        if not 0 < self.validation_share < 1:
            raise ConfigError(f"validation_share must be between 0 and 1, got {self.validation_share}.")
        require_range("llm_every", self.llm_every, 1)
        if not 0 <= self.llm_weight <= 100:
            raise ConfigError(f"llm_weight must be from 0 to 100, got {self.llm_weight}.")
        if not 0 <= self.start_noise <= 1:
            raise ConfigError(f"start_noise must be from 0 to 1, got {self.start_noise}.")
        if not 0 <= self.bound <= 1:
            raise ConfigError(f"bound must be from 0 to 1, got {self.bound}.")
        if not 0 <= self.diffusion_weight <= 1e6:
            raise ConfigError(f"diffusion_weight must be from 0 to 1,000,000, got {self.diffusion_weight}.")

    @property
    def kept_steps(self) -> tuple[int, ...]:
        """The steps whose contexts are kept: evenly over the last 40 %, the last one among them."""
        span = round(SNAPSHOT_SHARE * self.steps)
        return tuple(sorted({self.steps - i * span // self.snapshots for i in range(self.snapshots)}))

    @property
    def read_at_once(self) -> int:
        """How many tasks are read at a validation, if there are so many.

        Reading a task takes about half of learning from one, so with all validations and the measuring at the end
        these are a fifth of the time.
        """
        if self.validation_tasks is not None:
            return self.validation_tasks
        validations = -(-self.steps // self.validate_every)
        learned = self.steps * self.batch_size
        return max(FEWEST_READ, int(0.5 * learned / (validations + MEASURED_AT_END)))


@dataclass(frozen=True)
class GenerationSettings:
    """How the backbone writes. The paper used repetition_penalty 1.2 and no_repeat_ngram_size 2.

    These are off here: forbidding every repeated pair of tokens forbids much valid code, such as `x[0], x[0]`.
    """

    max_new_tokens: int = 64
    num_beams: int = 1
    repetition_penalty: float = 1.0
    no_repeat_ngram_size: int = 0

    def __post_init__(self) -> None:
        require_range("max_new_tokens", self.max_new_tokens, 1, 1_024)
        require_range("num_beams", self.num_beams, 1, 16)
        require_range("no_repeat_ngram_size", self.no_repeat_ngram_size, 0, 16)
        if not 0.5 <= self.repetition_penalty <= 2.0:
            raise ConfigError(f"repetition_penalty must be from 0.5 to 2, got {self.repetition_penalty}.")

    def greedy(self) -> dict[str, Any]:
        """Returns the arguments of `generate` for the likeliest answer: greedy, or by beams."""
        return {"do_sample": False, "num_beams": self.num_beams} | self._shared()

    def sampled(self, n: int, temperature: float) -> dict[str, Any]:
        """Returns the arguments of `generate` for n answers drawn from the likeliest tokens that make up TOP_P."""
        drawn = {"do_sample": True, "num_return_sequences": n, "temperature": temperature, "top_p": TOP_P}
        return drawn | {"top_k": 0, "num_beams": 1} | self._shared()  # top_k is 50 by default; 0 is off

    def _shared(self) -> dict[str, Any]:
        return {
            "max_new_tokens": self.max_new_tokens,
            "repetition_penalty": self.repetition_penalty,
            "no_repeat_ngram_size": self.no_repeat_ngram_size,
        }
