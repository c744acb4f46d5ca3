"""What a confined interpreter can import: the standard library and numpy, wherever they lie.

An interpreter often lies below a folder that only its owner may enter (a home, /root). Once the process is
nobody it could import nothing more. So its folders are opened before, and where they cannot be reached
afterwards, imports go through those open folders, as /proc/self/fd/N.
"""

import importlib.util
import os
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec

from sandbox.errors import SandboxUnavailable

_OTHER_PACKAGES = ("site-packages", "dist-packages")


class NumpyFinder:
    """Finds numpy, and nothing else of the folder it is installed in."""

    def __init__(self, folder: str) -> None:
        self._folder = os.path.join(folder, "numpy")

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Returns the spec of numpy, None for any other module (the interface of sys.meta_path)."""
        start = os.path.join(self._folder, "__init__.py")
        if name != "numpy" or not os.access(start, os.R_OK):
            return None
        return importlib.util.spec_from_file_location(name, start, submodule_search_locations=[self._folder])


def standard_entries(folder: str) -> Iterator[str]:
    """Yields what lies in a folder of the standard library, without the packages installed below it."""
    for name in os.listdir(folder):
        if name not in _OTHER_PACKAGES:
            yield os.path.join(folder, name)


class ImportFolders:
    """The folders that imports need, held open from before the process gives up its rights.

    `standard` are those of the standard library: all of sys.path, as the interpreter was started without any
    others; `descriptors` are those that imports go through, once connected.
    """

    def __init__(self, numpy_parent: str | None) -> None:
        self.standard = [path for path in sys.path if os.path.isdir(path)]
        self.numpy_parent = numpy_parent
        paths = self.standard if numpy_parent is None else [*self.standard, numpy_parent]
        self._open = {path: os.open(path, os.O_PATH | os.O_DIRECTORY) for path in paths}
        self.descriptors: list[int] = []

    def connect(self) -> None:
        """Makes imports work after confinement; raises SandboxUnavailable where Python cannot be read."""
        ways = {path: self._way(path) for path in self._open}
        sys.path[:] = [ways[path] for path in self.standard]
        sys.path_importer_cache.clear()
        for module in list(sys.modules.values()):
            places = getattr(module, "__path__", None)
            if isinstance(places, list):
                places[:] = [_rerouted(place, ways) for place in places]
        for path in self.standard:
            self._require_readable(path, ways[path])
        if self.numpy_parent is not None:
            sys.meta_path.append(NumpyFinder(ways[self.numpy_parent]))

    def _way(self, path: str) -> str:
        """Returns `path` if it can be reached, and closes its folder; otherwise the way through that folder."""
        if not os.access(path, os.X_OK):
            self.descriptors.append(self._open[path])
            return f"/proc/self/fd/{self._open[path]}"
        os.close(self._open[path])
        return path

    @staticmethod
    def _require_readable(path: str, way: str) -> None:
        try:
            os.listdir(way)
        except OSError as error:
            raise SandboxUnavailable(
                f"The sandbox, as user {os.getuid()}, cannot read Python's standard library in {path} "
                f"({error.strerror}); make it readable for all."
            ) from error


def _rerouted(place: str, ways: dict[str, str]) -> str:
    for path, way in ways.items():
        if place.startswith(path + os.sep):
            return way + place[len(path) :]
    return place
