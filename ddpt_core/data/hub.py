"""Rows of a Hugging Face data set, and one sentence for every way in which they cannot be had."""

from collections.abc import Iterator
from errno import ENOSPC

from ddpt_core.data.formats import Record
from ddpt_core.errors import DataError, first_line

TIMEOUT = 10.0  # s, for the first answer of the hub
INSTEAD = "give a JSONL file instead"
HTTP_LIBRARIES = ("httpx", "httpcore", "requests", "urllib")  # modules, without the number that some end with


def hub_records(name: str, split: str) -> Iterator[Record]:
    """Yields the rows of a data set on the hub, or of its copy in the cache when HF_HUB_OFFLINE is set.

    What has been downloaded stays in the cache of `datasets`, also where the rest could not be: only whole files are
    used from it. Raises DataError that says what to do.
    """
    import datasets

    if not datasets.config.HF_HUB_OFFLINE:
        _ask_for(name)
    try:
        rows = datasets.load_dataset(name, split=split)
    except Exception as error:  # of `datasets`, of the hub's client, or of the network library that it has this year
        raise _refusal(name, split, error) from None
    number = 0
    try:
        for number, row in enumerate(rows, start=1):
            yield Record(row, f"Row {number} of {name}", f"row-{number}")
    except DataError:
        raise
    except Exception as error:  # a file of the cache that was cut or removed
        raise DataError(
            f"The downloaded copy of the Hugging Face data set {name!r} cannot be read behind row {number:,} "
            f"({first_line(error)}); delete it from {datasets.config.HF_DATASETS_CACHE} and run it again."
        ) from None


def _ask_for(name: str) -> None:
    """Raises DataError unless the hub answers that it has the data set.

    `datasets` itself tries for half a minute where there is no network, and calls that the name's fault.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    try:
        HfApi().dataset_info(name, timeout=TIMEOUT)
    except GatedRepoError:
        raise _gated(name) from None
    except RepositoryNotFoundError:
        raise DataError(
            f"There is no file and no public Hugging Face data set {name!r}; check the name, or {INSTEAD}."
        ) from None
    except Exception as error:  # what the client raises without a network differs from release to release
        raise DataError(
            f"There is no file {name!r}, and Hugging Face cannot be reached for a data set of that name "
            f"({first_line(error)}); connect, set HF_HUB_OFFLINE=1 to use a downloaded copy, or {INSTEAD}."
        ) from None


def _gated(name: str) -> DataError:
    return DataError(
        f"The Hugging Face data set {name!r} is open only to those who were granted access; ask for it on its page "
        f"and log in with `hf auth login`, or {INSTEAD}."
    )


def _refusal(name: str, split: str, error: Exception) -> DataError:
    """Returns what to say of a data set that exists, or may exist, and could not be loaded."""
    import datasets
    from datasets.exceptions import DatasetNotFoundError, DatasetsError

    causes = list(_causes(error))
    data_set = f"Hugging Face data set {name!r}"
    if any(isinstance(cause, OSError) and cause.errno == ENOSPC for cause in causes):
        return DataError(
            f"The {data_set} does not fit on the disk of {datasets.config.HF_DATASETS_CACHE} (no space left); "
            f"make room and run it again, set HF_HOME to a folder on another disk, or {INSTEAD}."
        )
    if isinstance(error, DatasetNotFoundError) and "gated" in str(error):
        return _gated(name)
    if datasets.config.HF_HUB_OFFLINE and isinstance(error, ConnectionError):
        return DataError(
            f"The {data_set} has not been downloaded, and HF_HUB_OFFLINE is set; unset it with a network at hand, "
            f"or {INSTEAD}."
        )
    cut_off = [cause for cause in causes if _is_of_the_network(cause)]
    if cut_off:
        return DataError(
            f"The download of the {data_set} did not finish ({first_line(cut_off[0])}); run it again to go on with "
            f"it, or {INSTEAD}."
        )
    reason = first_line(causes[-1] if isinstance(error, DatasetsError) else error)
    return DataError(
        f"The split {split!r} of the {data_set} cannot be loaded ({reason}); choose another split, or {INSTEAD}."
    )


def _causes(error: BaseException | None) -> Iterator[Exception]:
    """Yields the error and what it was raised from, the first cause last."""
    while isinstance(error, Exception):
        yield error
        error = error.__cause__


def _is_of_the_network(error: Exception) -> bool:
    """Returns whether data did not come through: an OSError but for a missing file, or an error of an HTTP library.

    The hub's client has changed its library twice, and not all of their errors derive from OSError; hf_xet, which
    fetches large files for it, raises a bare RuntimeError.
    """
    if isinstance(error, OSError):
        return not isinstance(error, FileNotFoundError | PermissionError)
    if isinstance(error, RuntimeError):
        return str(error).startswith("Data processing error")
    return type(error).__module__.partition(".")[0].rstrip("0123456789") in HTTP_LIBRARIES
