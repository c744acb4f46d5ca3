"""What a pretrained backbone can do with requests that it was not trained on, judged by what it writes.

The loss is dominated by pairs that no model could guess. So: do names reach the code, does the code pass its tests?
"""

import re
from collections.abc import Sequence

from ddpt_core.answering.code import code_of
from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.families import held_out_instances
from ddpt_core.data.families.splits import HELD_OUT_BY
from ddpt_core.data.programs import program_of
from ddpt_core.data.task import Task
from ddpt_core.evaluation.arms import CONTEXT_LENGTH, Arm
from ddpt_core.evaluation.evaluate import write_all
from ddpt_core.evaluation.execution import execute_many
from ddpt_core.pretrain.idioms import idiom_pairs
from ddpt_core.tuning.config import DEFAULT_CONTEXT

SEED = 2  # not that of the validation losses, nor that of `evaluate --data families:...`
QUOTED = re.compile(r"[`'\"]([A-Za-z_]\w*)[`'\"]")


def copied_share(requests: Sequence[str], codes: Sequence[str]) -> float | None:
    """Returns the share of names quoted in the requests that stand as a word in their code; None without any."""
    found = [
        bool(re.search(rf"\b{re.escape(name)}\b", code))
        for request, code in zip(requests, codes, strict=True)
        for name in dict.fromkeys(QUOTED.findall(request))
    ]
    return sum(found) / len(found) if found else None


def judge(backbone: FrozenLM, count: int = 200) -> dict[str, float | None]:
    """Returns measure -> share, each over `count` held-out requests under the default context, written greedily.

    "passes, held-out value | phrasing | family": answers that pass their unit tests; "copied names": over the same;
    "idioms, unseen wording": answers equal to the idiom's. Cost: 4 `count` generations, 3 `count` executions.
    """
    length = max(CONTEXT_LENGTH, len(backbone.token_ids(DEFAULT_CONTEXT)))
    arm = Arm("manual", backbone.embed(DEFAULT_CONTEXT, length))
    shares: dict[str, float | None] = {}
    requests: list[str] = []
    codes: list[str] = []
    for by in sorted(HELD_OUT_BY, reverse=True):
        tasks = held_out_instances(count, SEED, by)
        written = _codes(backbone, arm, tasks)
        done = execute_many([(program_of(code, task), task) for code, task in zip(written, tasks, strict=True)])
        shares[f"passes, held-out {by}"] = sum(execution.passed for execution in done) / count
        requests += [task.instruction for task in tasks]
        codes += written
    shares["copied names"] = copied_share(requests, codes)
    idioms = [Task("idiom", text, code) for text, code in idiom_pairs(count, SEED, "statement", unseen=True)]
    written = _codes(backbone, arm, idioms)
    shares["idioms, unseen wording"] = sum(a == t.reference for a, t in zip(written, idioms, strict=True)) / count
    return shares


def _codes(backbone: FrozenLM, arm: Arm, tasks: list[Task]) -> list[str]:
    return [code_of(answer, task) for answer, task in zip(write_all(backbone, arm, tasks), tasks, strict=True)]
