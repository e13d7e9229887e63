"""Which hosts and addresses are those of the internet, whatever way they are written in."""

from __future__ import annotations

import re
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

__all__ = ["OWN_NETWORK", "host_fault", "is_public"]

OWN_NETWORK = "the host is on a private network"
_LOCAL_ENDINGS = (
    ".localhost",
    ".localdomain",
    ".local",
    ".internal",
    ".intranet",
    ".lan",
    ".home",
    ".home.arpa",
)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

_HOLDING_IPV4 = (
    (ip_network("64:ff9b::/96"), 0),
    (ip_network("64:ff9b:1::/48"), 0),
    (ip_network("::ffff:0:0/96"), 0),
    (ip_network("::ffff:0:0:0/96"), 0),
    (ip_network("::/96"), 0),
    (ip_network("2002::/16"), 80),
)
"""Networks of IPv6 (NAT64, mapped, translated, compatible, 6to4) that lead to an address of IPv4, and by how
many bits it is shifted."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of the internet: not private, loopback, link-local, multicast or reserved."""
    if isinstance(address, IPv6Address):
        for network, shift in _HOLDING_IPV4:
            if address in network:
                return is_public(IPv4Address((int(address) >> shift) & 0xFFFFFFFF))
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def host_fault(host: str) -> str:
    """Why a host may not be called, as far as its name tells; empty if nothing speaks against it.

    System libraries read `2130706433`, `0x7f000001` and `127.1` as addresses, so they are refused.
    """
    name = host.casefold().strip("[]").rstrip(".")
    try:
        return "" if is_public(ip_address(name.partition("%")[0])) else OWN_NETWORK
    except ValueError:
        pass
    is_number = _NUMBER.fullmatch(name.rpartition(".")[2]) is not None
    own = socket.gethostname().casefold()
    if is_number or "." not in name or name.endswith(_LOCAL_ENDINGS) or name in (own, own.partition(".")[0]):
        return OWN_NETWORK
    return ""
