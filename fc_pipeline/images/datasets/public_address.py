"""Which addresses an untrusted URL may lead to: those of the public internet."""

import ipaddress
import socket

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""Translates to the IPv4 address in its last 32 bits (RFC 6052)."""


def is_public(address: Address) -> bool:
    """False for loopback, private, link-local, multicast and reserved ones, also inside an IPv6 address."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, address.teredo[1] if address.teredo else None]
        if address in _NAT64:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if any(embedded is not None and not is_public(embedded) for embedded in inner):
            return False
        if address.ipv4_mapped:
            return True
    return address.is_global and not address.is_multicast


def resolved(host: str, port: int) -> list[tuple[str, bool]]:
    """(numeric address, is it public) of everything that the name stands for. Raises OSError when it is unknown."""
    names = [str(place[0]) for *_, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    return [(name, is_public(ipaddress.ip_address(name.split("%")[0]))) for name in names]
