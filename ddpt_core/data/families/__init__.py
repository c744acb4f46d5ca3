"""Small Python programming tasks that this project writes itself, drawn by seed from families."""

from ddpt_core.data.families.catalog import FAMILIES, instances
from ddpt_core.data.families.family import Draw, Family, instance
from ddpt_core.data.families.splits import held_out_instances, is_held_out, training_instances

__all__ = [
    "FAMILIES",
    "Draw",
    "Family",
    "held_out_instances",
    "instance",
    "instances",
    "is_held_out",
    "training_instances",
]
