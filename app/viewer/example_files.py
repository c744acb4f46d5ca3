"""What is kept of a run and the examples, losses and code: files whose names say which examples those were."""

import hashlib

from ddpt_core.backbone import registry

KINDS = ("state", "estimate")
LOSSES = {kind: f"loss-{kind}" for kind in KINDS}
CODE = "code"


def example_file(key: str, what: str) -> str:
    """Returns the name of the file with `what`, CODE or one of LOSSES, of the run `key` on the examples as they are."""
    examples = registry.ASSETS / "examples" / "examples.jsonl"
    content = examples.read_bytes() if examples.is_file() else b""
    return f"{key}-{what}-{hashlib.sha256(content).hexdigest()[:12]}.json"
