"""What a forked process of a run does: sheds what it inherited, puts up the inner walls, and takes up its role."""

import json
import os
from dataclasses import dataclass

from sandbox import kernel
from sandbox.confinement import Walls
from sandbox.errors import SandboxUnavailable
from sandbox.judge import Judge
from sandbox.landlock import Ruleset
from sandbox.order import Order
from sandbox.program import Program
from sandbox.wire import Line

ROLES = ("program", "judge")
_LAST_DESCRIPTOR = (1 << 31) - 1


@dataclass(frozen=True)
class Post:
    """What one forked process is to be: its role in the order, and the walls around the run; parent: the nursery."""

    role: str
    order: Order
    walls: Walls
    rules: Ruleset
    parent: int


def take_up(post: Post) -> None:
    """Says ["ready"] or ["refused", reason] on the channel, then runs the program or its tests; never returns."""
    order, walls = post.order, post.walls
    share = order.program if post.role == "program" else order.judge
    os.dup2(order.output, 1)
    os.dup2(order.output, 2)
    try:
        walls.enclose(post.rules, order.scratch, order.limits, post.parent)
    except SandboxUnavailable as reason:
        os.write(order.channel, json.dumps(["refused", str(reason)]).encode())
        os._exit(1)
    job = json.loads(os.pread(share.job, os.fstat(share.job).st_size, 0))
    line = Line(share.incoming, share.outgoing)
    begin = Program(line, **job).serve if post.role == "program" else Judge(line, Line(-1, order.report), **job).run
    os.write(order.channel, b'["ready"]')
    own = {0, 1, 2, share.incoming, share.outgoing, *walls.needed_by_imports}
    _close_all_but(own | {order.report} if post.role == "judge" else own)
    begin()
    os._exit(0)


def _close_all_but(kept: set[int]) -> None:
    after = 0
    for descriptor in [*sorted(kept), _LAST_DESCRIPTOR]:
        if descriptor > after:
            kernel.call("close_range", after, descriptor - 1, 0)
        after = descriptor + 1
