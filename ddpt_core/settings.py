"""What a training may vary; stored in the prompt that it makes."""

from dataclasses import dataclass

from ddpt_core.errors import ConfigError, require_choice, require_range

DEFAULT_CONTEXT = "Write one line of Python code for this request:"  # where the user gives none
MEASURED_AT_END = 5  # readings of the validation tasks after a DDPT training: see report.py
FEWEST_READ = 8  # tasks; a loss of fewer says nothing
PRECISIONS = ("auto", "no", "bf16")  # auto: bfloat16 where the device has its instructions
# Of two rates each, the one of higher validation BLEU-4 after 60 steps of 10 tasks of CoNaLa (studies/prompts.yaml).
LEARNING_RATES = {"ddpt": 1e-2, "prompt-tuning": 1e-2, "residual": 1e-2}


@dataclass(frozen=True)
class TrainConfig:
    """How a prompt is trained. `steps` counts LLM forward passes of `batch_size` tasks each; the defaults take about
    five minutes of one core on the default backbone, and are those of studies/prompts.yaml.

    `validation_share` of the tasks is kept out of training, to choose the best weights on; `validation_tasks` of these
    are read each time, evenly spaced, by default as many as take a fifth of the time (see `read_at_once`). The paper
    fixes T = 2000 and the LLM loss alone (`diffusion_weight` 0), which is the cross-entropy (`bound` 0: see FrozenLM's
    `bounded`); context length, sizes and rates are this project's choice. The command line takes a method's rate from
    LEARNING_RATES.
    A batch is that of all processes together, and each reads its part in `accumulate` pieces, one after another.
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
        require_choice("mixed precision", self.mixed_precision, PRECISIONS)
        if not 0 < self.lr <= 10:
            raise ConfigError(f"lr must be above 0 and at most 10, got {self.lr}.")
        if not 0 < self.validation_share < 1:
            raise ConfigError(f"validation_share must be between 0 and 1, got {self.validation_share}.")
        if not 0 <= self.bound <= 1:
            raise ConfigError(f"bound must be from 0 to 1, got {self.bound}.")
        if not 0 <= self.diffusion_weight <= 1e6:
            raise ConfigError(f"diffusion_weight must be from 0 to 1,000,000, got {self.diffusion_weight}.")

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
