"""Text from the API is data: what XML cannot carry is replaced, everything else is kept (rule 18)."""

import re

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Whatever is not a `Char` of XML 1.0: most control characters, lone surrogates, U+FFFE and U+FFFF."""
_search_forbidden = _FORBIDDEN.search


_MARKUP = re.compile("[&<>\r]")
_search_unusual = re.compile("[^\t\n\x20-%'-;=?-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]").search
"""Both kinds at once, which takes a third of the time of looking for either: most texts have neither."""
_MARKUP_AS = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


def xml_text(text: str) -> str:
    """Return `text` with every character that XML 1.0 forbids replaced by U+FFFD."""
    return text if _search_forbidden(text) is None else _FORBIDDEN.sub("\ufffd", text)


def xml_markup(text: str) -> str:
    """Return `text` as it stands between two tags; a carriage return would be read back as a line break."""
    if _search_unusual(text) is None:
        return text
    return _MARKUP.sub(lambda found: _MARKUP_AS[found[0]], xml_text(text))
