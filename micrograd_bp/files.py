"""Files that are whole or not there: written beside their place, then renamed."""

import os
import tempfile
from contextlib import suppress
from glob import escape
from os import PathLike
from pathlib import Path


class CheckpointError(ValueError):
    """A file is no checkpoint, or not of this network, run or version; nothing was assigned."""


def write_safely(path: str | PathLike[str], data: bytes) -> None:
    """Write `data` to `path`; whoever reads it at any moment finds the old file or the new one."""
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot save {path.name}: there is no folder {path.parent}")
    handle, temporary = tempfile.mkstemp(".part", f".{path.name}.", path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, _mode(path))
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def place_in(folder: Path, name: str) -> Path:
    """Where a file of ours is to be written; a link of its name would lead elsewhere, and goes."""
    path = folder / name
    if path.is_symlink():
        path.unlink()
    return path


def remove_parts(path: Path) -> None:
    """Remove what a `write_safely` to `path` that was killed left behind."""
    for part in path.parent.glob(f".{escape(path.name)}.*.part"):
        part.unlink(missing_ok=True)


def _mode(path: Path) -> int:
    """The permissions of the file that is replaced, or those of a new one."""
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
