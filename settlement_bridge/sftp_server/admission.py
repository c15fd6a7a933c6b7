"""Who may begin to log in now: so that a flood leaves room for others, and costs neither threads nor memory."""

import ipaddress
import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from settlement_bridge.sftp_server.limits import Limits

_IPV6_NETWORK = 64


@dataclass(frozen=True)
class Peer:
    """The other end of a connection."""

    address: str
    port: int

    @classmethod
    def of(cls, name: tuple[object, ...]) -> "Peer":
        """Return what a socket calls its peer; an IPv4 address that came in by IPv6 is written as it is known."""
        address = ipaddress.ip_address(str(name[0]).partition("%")[0])
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return cls(str(mapped or address), int(str(name[1])))

    @property
    def network(self) -> str:
        """What counts as one address: of IPv6 a /64, all of which one customer is given."""
        address = ipaddress.ip_address(self.address)
        if isinstance(address, ipaddress.IPv4Address):
            return self.address
        return str(ipaddress.ip_network((address, _IPV6_NETWORK), strict=False))


class Admission:
    """Decides from the logins that are under way, as OpenSSH's MaxStartups does."""

    def __init__(self, limits: Limits, draw: Callable[[], float] = random.random) -> None:
        self._limits = limits
        self._draw = draw

    def may_begin(self, peer: Peer, under_way: Iterable[Peer]) -> bool:
        """Tell whether one more login may begin; who may not now can be asked for again."""
        networks = Counter(other.network for other in under_way)
        if networks[peer.network] >= self._limits.startups_per_address:
            return False
        start, percent, full = self._limits.startups
        total = networks.total()
        if total < start:
            return True
        refused = percent + (100 - percent) * (total - start) / max(1, full - start)
        return total < full and self._draw() * 100 >= refused

    def may_wait(self, peer: Peer, waiting: Iterable[Peer]) -> bool:
        """Tell whether one more connection may wait for its turn."""
        networks = Counter(other.network for other in waiting)
        return networks.total() < self._limits.waiting and networks[peer.network] < self._limits.waiting_per_address
