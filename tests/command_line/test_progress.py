"""Progress where there is no terminal: a line at times, not one for every step."""

import pytest

from ddpt_core.commands import options


@pytest.fixture
def clock(monkeypatch):
    """The time that passes only when a test says so."""
    now = [100.0]
    monkeypatch.setattr(options.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(options, "BETWEEN_LINES", 10.0)
    return now


def test_a_step_that_tells_its_loss_writes_no_line_before_one_is_due(clock, capsys):
    with options.progress_bar(2000, "step") as bar:
        for step in range(1, 400):
            clock[0] = 100 + step * 0.1
            bar.set_postfix(loss=step)
            bar.update()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3 and all("/2000" in line for line in lines)
    assert "loss=100" in lines[0] and "loss=200" in lines[1]


def test_what_is_done_before_a_line_is_due_writes_nothing(clock, capsys):
    with options.progress_of_whole() as tell:
        for share in (0.1, 0.5, 1.0):
            clock[0] += 3
            tell(share, "working")
    assert capsys.readouterr().err == ""
