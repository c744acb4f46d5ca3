"""Numbers packed small for the browser: two bytes each, as differences from step to step, which gzip makes smaller.

A coded array of (n, ...) float32 is one of U8 (2, numbers): the low bytes of its codes, then the high ones. A code is
the level of a number between the lowest and the highest of its column (of the last dimension of a path, of all else of
a curve), less the code one row before, modulo 65,536. What is needed to read it stands in the file's metadata, under
`coded`: name -> {shape, low, size}, with `low` and `size` (of one level) for every column. NaN has the level 65,535.
"""

import gzip
import json
from collections.abc import Mapping

import numpy as np
from safetensors.numpy import save

PACKED = ".gz"  # what the name of a packed file ends with
LEVELS = 65_534  # above the lowest; the error of a number is at most half of a level
NOTHING = 65_535
EFFORT = 6  # of gzip


def pack(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Returns one compressed safetensors file; float32 arrays of two dimensions or more are coded, no others."""
    about, packed = {}, {}
    for name, array in arrays.items():
        if array.dtype == np.float32 and array.ndim > 1:
            about[name], packed[name] = encode(array)
        else:
            packed[name] = np.ascontiguousarray(array)
    data = save(packed, {"coded": json.dumps(about)})
    return gzip.compress(data, EFFORT, mtime=0)  # with no date in it, the same file each time


def unpack(data: bytes) -> dict[str, np.ndarray]:
    """Returns the arrays of a packed file, coded ones as float32."""
    from safetensors.numpy import load

    raw = gzip.decompress(data)
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    about = json.loads(header.get("__metadata__", {}).get("coded", "{}"))
    return {name: decode(array, about[name]) if name in about else array for name, array in load(raw).items()}


def encode(values: np.ndarray) -> tuple[dict, np.ndarray]:
    """Returns what is needed to decode, and the codes (2, numbers) uint8, of values (n, C) or (n, P, C)."""
    columns = values.reshape(-1, values.shape[-1]).astype(np.float64)  # (m,C)
    known = np.isfinite(columns)
    low = np.where(known.any(0), np.where(known, columns, np.inf).min(0), 0.0)
    high = np.where(known.any(0), np.where(known, columns, -np.inf).max(0), 0.0)
    size = (high - low) / LEVELS
    levels = np.rint((columns - low) / np.where(size > 0, size, 1.0))
    whole = np.where(known, levels, NOTHING).astype(np.uint16).reshape(len(values), -1)  # (n,P*C)
    moved = np.diff(whole, axis=0, prepend=np.zeros((1, whole.shape[1]), np.uint16))  # modulo 65,536
    codes = np.stack([moved & 0xFF, moved >> 8]).astype(np.uint8).reshape(2, -1)
    return {"shape": values.shape, "low": low.tolist(), "size": size.tolist()}, codes


def decode(codes: np.ndarray, about: Mapping) -> np.ndarray:
    """Returns the values float32 of codes, each within half a level of what was encoded."""
    shape = tuple(about["shape"])
    moved = codes[0].astype(np.uint16) | codes[1].astype(np.uint16) << 8
    levels = moved.reshape(shape[0], -1).cumsum(0, dtype=np.uint16).reshape(-1, shape[-1])
    columns = levels * np.array(about["size"]) + np.array(about["low"])
    return np.where(levels == NOTHING, np.nan, columns).astype(np.float32).reshape(shape)
