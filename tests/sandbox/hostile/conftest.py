"""The place where hostile programs are let loose."""

import pytest
from arena import Arena


@pytest.fixture(scope="module")
def arena(needs_landlock):
    """The things that the programs go for, and the count of what they leave."""
    arena = Arena()
    yield arena
    arena.close()
