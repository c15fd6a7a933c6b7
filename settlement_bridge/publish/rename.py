"""The one atomic step that gives a file its final name."""

import ctypes
import errno
import os

_libc = ctypes.CDLL(None, use_errno=True)
_RENAME_NOREPLACE = 1
_NOT_SUPPORTED = frozenset((errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP))


def rename_without_replacing(folder: int, old: str, new: str) -> None:
    """Rename `old` to `new`, both in the folder open as `folder`; FileExistsError where `new` exists.

    `rename` alone replaces what is there. `link` and `unlink` would refuse, yet show both names for a moment: after a
    crash in between, and an importer that took the new one, the old one would pass for a draft never published.
    Only `renameat2` with RENAME_NOREPLACE both refuses and swaps the names in one instant.

    NFS, some FUSE file systems and old C libraries do not have it. There the new name is looked for first, and only
    a foreign program that makes the very same name between the two calls can still lose its file.
    Raises OSError.
    """
    try:
        _renameat2(folder, old, new)
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise
        _look_and_rename(folder, old, new)


def _renameat2(folder: int, old: str, new: str) -> None:
    call = getattr(_libc, "renameat2", None)
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), new)
    if call(folder, os.fsencode(old), folder, os.fsencode(new), ctypes.c_uint(_RENAME_NOREPLACE)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), new)


def _look_and_rename(folder: int, old: str, new: str) -> None:
    try:
        os.stat(new, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(old, new, src_dir_fd=folder, dst_dir_fd=folder)
    else:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), new)
