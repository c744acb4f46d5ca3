"""What the viewer asks while somebody looks: functions of one JSON object that answer with one.

They bypass the queue and wait for nobody's work on the model. What cannot be answered is {"error": sentence}; with
`again` it can be asked again in a moment.
"""

import functools
import logging
from collections.abc import Callable
from typing import Any

from app.explore.truths import Truths
from app.page.stream import UNEXPECTED
from ddpt_core.errors import BackboneError, ConfigError, DDPTError

log = logging.getLogger(__name__)

Answer = Callable[[Any], dict[str, Any]]


def server_functions(services) -> list[Answer]:
    """Returns `truth` and `token_neighbours`, the functions that the viewer's script finds in `server`."""
    truths = Truths(services)

    def truth(asked: Any) -> dict[str, Any]:
        """Returns how far a token truly is from a position at a step, and its place among all tokens.

        asked: {key, kind, step, position, token}. Returned: Euclidean `distance` and its `rank` from 1, `cosine` and
        its `cosine_rank`, `tokens` (V) and `dimensions` (D).
        """
        key, kind, step, position, token = parts(asked, "key", "kind", "step", "position", "token")
        found = truths.of_step(key, kind, step, position, [token])
        return {
            "distance": float(found.distances[0]),
            "rank": int(found.ranks.distances[0]),
            "cosine": float(found.cosines[0]),
            "cosine_rank": int(found.ranks.cosines[0]),
            "tokens": found.ranks.vocabulary,
            "dimensions": found.ranks.width,
        }

    def token_neighbours(asked: Any) -> dict[str, Any]:
        """Returns the `neighbours` {id, cosine, distance} of a token, nearest first; asked: {key, token, k}."""
        found = truths.of_token(*parts(asked, "key", "token", "k"))
        columns = (found.token_ids.tolist(), found.cosines.tolist(), found.distances.tolist())
        return {
            "neighbours": [
                {"id": one, "cosine": cosine, "distance": distance}
                for one, cosine, distance in zip(*columns, strict=True)
            ]
        }

    return [told(truth), told(token_neighbours)]


def parts(asked: Any, *names: str) -> list[Any]:
    """Returns the parts of what a page sent; raises ConfigError if it is no object, or one is missing."""
    if not isinstance(asked, dict) or any(name not in asked for name in names):
        raise ConfigError(f"The question must be an object with {', '.join(names)}; send all of them.")
    return [asked[name] for name in names]


def told(function: Answer) -> Answer:
    """Returns `function` that answers with the sentence of an error instead of raising it."""

    @functools.wraps(function)
    def answer(asked: Any) -> dict[str, Any]:
        try:
            return function(asked)
        except BackboneError as error:  # it is still being loaded, or is not there
            return {"error": str(error), "again": True}
        except DDPTError as error:
            return {"error": str(error)}
        except Exception:
            log.exception("The viewer's question %r has no answer", str(asked)[:200])
            return {"error": UNEXPECTED}

    return answer
