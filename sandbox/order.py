"""What the supervisor hands to a nursery to have one run started: open descriptors and limits."""

import json
import socket
from dataclasses import dataclass

_MAX_LIMITS_BYTES = 4_096


@dataclass(frozen=True)
class Share:
    """One process's part: a file with what it is to do, as JSON, and its ends of the pipes to the other."""

    job: int
    incoming: int
    outgoing: int


@dataclass(frozen=True)
class Order:
    """One run, as descriptors; those that have arrived are the nursery's own.

    channel: a socket over which the nursery, and each process until it is confined, tells the supervisor how
    things stand, and whose closing by the supervisor ends the processes; scratch: the folder of the run;
    report, output: pipes for what the judge reports and what both print.
    """

    channel: int
    scratch: int
    output: int
    report: int
    program: Share
    judge: Share
    limits: dict[str, int]

    def send(self, control: socket.socket) -> None:
        """Hands the order over; raises ConnectionError where the nursery has ended."""
        socket.send_fds(control, [json.dumps(self.limits).encode()], self.descriptors())

    def descriptors(self) -> list[int]:
        """Returns all of them, the channel first."""
        shares = [end for share in (self.program, self.judge) for end in (share.job, share.incoming, share.outgoing)]
        return [self.channel, self.scratch, self.output, self.report, *shares]


def receive(control: socket.socket) -> Order | None:
    """Returns the next order, None once the process that gives them has closed its end."""
    limits, descriptors, _, _ = socket.recv_fds(control, _MAX_LIMITS_BYTES, 10)
    if not limits:
        return None
    channel, scratch, output, report, *shares = descriptors
    return Order(channel, scratch, output, report, Share(*shares[:3]), Share(*shares[3:]), json.loads(limits))
