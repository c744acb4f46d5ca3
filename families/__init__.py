"""Small Python programming tasks that this project writes itself, drawn by seed from families."""

from families.catalog import FAMILIES, instances
from families.family import Draw, Family, Instance, instance
from families.splits import HELD_OUT_BY, held_out_instances, is_held_out, training_instances

__all__ = [
    "FAMILIES",
    "HELD_OUT_BY",
    "Draw",
    "Family",
    "Instance",
    "held_out_instances",
    "instance",
    "instances",
    "is_held_out",
    "training_instances",
]
