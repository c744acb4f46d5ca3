"""What is marked on a map besides a run's own path: the manual context, and the vectors of prompt tuning."""

import json
import logging
from pathlib import Path

import numpy as np

from app.viewer.library_marks import library_of
from ddpt_core.arms import PROMPT_TUNING
from ddpt_core.backbone import registry
from ddpt_core.errors import ArtifactError
from ddpt_core.settings import PROMPT_FILE

log = logging.getLogger(__name__)


def manual_ids(trajectory, backbone) -> list[int]:
    """Returns the ids (P,) of the tokens that the run started from, the manual context."""
    return backbone.token_ids(trajectory.info["context"], trajectory.x.shape[1])


def marks_of(trajectory, backbone) -> dict[str, np.ndarray]:
    """Returns `manual` (P, D) and, where there are any, `tuned` (P', D) and the `library` (N P, D) that the run's
    prompt learned from, in the backbone's own space.
    """
    tuned, library = tuned_vectors(backbone), library_of(trajectory.info)
    manual = backbone.embedding_table[manual_ids(trajectory, backbone)].float().cpu().numpy()
    own = {} if library is None else {"library": library[0]}
    return {"manual": manual} | ({} if tuned is None else {"tuned": tuned}) | own


def tuned_sha256(backbone_sha256: str) -> str | None:
    """Returns the digest of the embedded prompt-tuning prompt's weights, None if there is none of this backbone."""
    try:
        about = json.loads((_embedded() / PROMPT_FILE).read_text(encoding="utf-8"))
        mine = about["method"] == PROMPT_TUNING and about["backbone"]["sha256"] == backbone_sha256
        return str(about["weights_sha256"]) if mine else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def tuned_vectors(backbone) -> np.ndarray | None:
    """Returns the vectors (P', D) of the embedded prompt-tuning prompt, None if there is none of this backbone."""
    from ddpt_core import load_prompt

    if tuned_sha256(backbone.sha256) is None:
        return None
    try:
        return load_prompt(_embedded(), backbone=backbone).context.detach().float().cpu().numpy()
    except ArtifactError as error:
        log.warning("The vectors of prompt tuning are left out of the picture: %s", error)
        return None


def _embedded() -> Path:
    return registry.ASSETS / "prompts" / PROMPT_TUNING
