"""Paths that somebody might try, made of those that there are, and what they mean by their letters alone."""

import random
from collections.abc import Callable, Sequence

Parts = tuple[bytes, ...]


def meant(path: bytes) -> Parts:
    """Return the parts of the path that is meant; written apart from the server, in bytes rather than in text."""
    parts: list[bytes] = []
    for part in path.split(b"/"):
        if part == b"..":
            parts = parts[:-1]
        elif part not in (b"", b"."):
            parts.append(part)
    return tuple(parts)


def tried(chance: random.Random, known: Sequence[Parts]) -> bytes:
    """Return a path near one that is known: the same path said in another way, or one that must not be it."""
    path = b"/" + b"/".join(chance.choice(known))
    for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
        path = chance.choice(_CHANGES)(chance, path)
    return path


def _detour(chance: random.Random, path: bytes) -> bytes:
    """Say the same otherwise, or climb away."""
    parts = path.split(b"/")
    parts.insert(chance.randrange(len(parts) + 1), chance.choice((b"", b".", b"..", b"x/..", b"../..", b"...", b" ")))
    return b"/".join(parts)


def _cut(chance: random.Random, path: bytes) -> bytes:
    return path[: chance.randrange(len(path) + 1)]


def _surround(chance: random.Random, path: bytes) -> bytes:
    before, after = chance.choice(((b"", b"/"), (b"", b"//"), (b"/", b""), (b"./", b"/."), (b"", b"/.."), (b"~", b"")))
    return before + path + after


def _relative(_: random.Random, path: bytes) -> bytes:
    return path.lstrip(b"/")


def _letter(chance: random.Random, path: bytes) -> bytes:
    """Put something into the path that databases, shells, file systems or decoders read in their own way."""
    at = chance.randrange(len(path) + 1)
    return path[:at] + chance.choice(_ODD) + path[at + chance.randrange(2) :]


def _case(chance: random.Random, path: bytes) -> bytes:
    return chance.choice((path.upper(), path.title(), path.swapcase()))


def _other_digits(chance: random.Random, path: bytes) -> bytes:
    """Write a digit as another script does: as a number it is the same."""
    digit = chance.randrange(10)
    others = chance.choice(("٠١٢٣٤٥٦٧٨٩", "０１２３４５６７８９"))
    return path.replace(b"%d" % digit, others[digit].encode())


def _other_encoding(chance: random.Random, path: bytes) -> bytes:
    how = chance.choice(("utf-16-le", "utf-16", "utf-7", "percent", "overlong"))
    if how == "percent":
        return b"".join(b"%%%02x" % byte for byte in path)
    if how == "overlong":
        return path.replace(b"/", b"\xc0\xaf").replace(b".", b"\xc0\xae")
    return path.decode("latin-1").encode(how)


def _very_long(chance: random.Random, path: bytes) -> bytes:
    return path + chance.choice((b"x" * 300, b"/.." * 2000, b"/x" * 3000, b"/" * 5000, b"0" * 70_000))


def _noise(chance: random.Random, path: bytes) -> bytes:
    return path + b"/" + chance.randbytes(chance.randrange(12))


_CHANGES: Sequence[Callable[[random.Random, bytes], bytes]] = (
    *(_detour, _detour, _detour, _surround, _surround, _relative, _cut),
    *(_letter, _letter, _letter, _case, _other_digits, _other_encoding, _very_long, _noise),
)
_ODD = (
    *(
        b"\0",
        b"\n",
        b"\r",
        b"\x1b",
        b"\x7f",
        b"\\",
        b"%",
        b"_",
        b"*",
        b"?",
        b"[0-9]",
        b"'",
        b'"',
        b";",
        b"--",
        b"$(id)",
    ),
    *(b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", "ø".encode(), "\u202e".encode(), "\ufeff".encode()),
    *(b" ", b"\t", "\xa0".encode(), "／".encode(), "․".encode(), "‥".encode(), "e\u0301".encode()),
)
