"""Clusters of tasks, which stand for styles where the instruction itself is the condition: alike to the frozen model.

K-means over the model's pooled hidden states of the instructions, each dimension in its own deviations.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ddpt_core.backbone.frozen_lm import FrozenLM
from ddpt_core.data.readers import Sources, load_all_tasks
from ddpt_core.data.task import Task
from ddpt_core.errors import require_range
from ddpt_core.files import check_writable
from ddpt_core.steering.distil import write_tasks

FILE = "clusters.jsonl"  # in a library's folder
PREFIX = "cluster-"  # before a cluster's number, from 1
STARTS, SEED = 10, 0  # of k-means
MOST = 256


def clustered(backbone: FrozenLM, tasks: Sequence[Task], count: int) -> list[Task]:
    """Returns the tasks with their cluster as style, those of the largest cluster first; raises ConfigError."""
    from sklearn.cluster import KMeans

    require_range("clusters", count, 2, min(MOST, len(tasks)))
    read = backbone.pooled([task.instruction for task in tasks]).cpu().numpy()
    found = KMeans(count, n_init=STARTS, random_state=SEED).fit_predict((read - read.mean(0)) / read.std(0))
    place = {label: rank for rank, label in enumerate(np.argsort(-np.bincount(found, minlength=count), kind="stable"))}
    order = sorted(range(len(tasks)), key=lambda i: place[found[i]])
    return [replace(tasks[i], style=f"{PREFIX}{place[found[i]] + 1}") for i in order]


def write_clusters(backbone: FrozenLM, data: Sources, count: int, folder: Path) -> tuple[list[str], tuple[str, ...]]:
    """Returns where the clustered tasks of `data` now lie, in `folder`, and the clusters' names."""
    check_writable(folder)
    tasks = clustered(backbone, load_all_tasks(data), count)
    write_tasks(folder / FILE, tasks)
    return [str(folder / FILE)], tuple(dict.fromkeys(task.style for task in tasks))
