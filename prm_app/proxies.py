"""The proxies that the environment names, read so that no value of them stops the program.

httpx raises at its first use on values that other programs read, such as `::1/128` in NO_PROXY, and
so do Gradio and the client of the Hugging Face Hub, which stand on it.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass
from urllib.request import getproxies, proxy_bypass

import httpx
import psutil

LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SCHEMES = ("http", "https", "all")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy's address, and the environment variable that names it."""

    url: str
    variable: str


def proxy_for(address: str) -> Proxy | None:
    """The proxy between here and an address; None if that is reached directly.

    This machine always is. Elsewhere NO_PROXY counts, networks such as `10.0.0.0/8` included.
    """
    url, proxies = httpx.URL(address), getproxies()
    scheme = url.scheme if proxies.get(url.scheme) else "all"
    if scheme not in proxies or _is_here(url.host) or _is_excepted(url.host, proxies.get("no", "")):
        return None
    variables = [name for name in os.environ if name.lower() == f"{scheme}_proxy"]
    return Proxy(_with_scheme(proxies[scheme]), max(variables, default="the system's settings"))


def problem(proxy: str) -> str | None:
    """Why httpx cannot use a proxy with this address; None if it can."""
    try:
        httpx.HTTPTransport(proxy=_with_scheme(proxy), verify=False).close()
    except ImportError:
        return "SOCKS needs the package socksio (`pip install socksio`)"
    except (httpx.InvalidURL, ValueError):
        return "it is not the address of an http, https or socks5 proxy"
    return None


def mended(*hosts: str) -> tuple[dict[str, str], list[str]]:
    """What to set in `os.environ` for httpx to read it, and a sentence for each value lost by it.

    Proxies that httpx cannot use are emptied, and the exceptions are written as it takes them; this
    machine and `hosts` become exceptions too.
    """
    changes, remarks = {}, []
    for name, value in os.environ.items():
        scheme, is_proxy, _ = name.lower().partition("_proxy")
        if scheme in _SCHEMES and is_proxy and value and (reason := problem(value)):
            changes[name] = ""
            remarks.append(f"{name} is left out: {reason}.")
    exceptions = dict.fromkeys((*LOOPBACK, *hosts))
    for entry in filter(None, map(str.strip, getproxies().get("no", "").split(","))):
        if pattern := _as_httpx_reads(entry):
            exceptions[pattern] = None
        else:
            remarks.append(f"{entry} in NO_PROXY is left out: it is no host, address or domain.")
    return changes | dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join(exceptions)), remarks


def _with_scheme(proxy: str) -> str:
    return proxy.strip() if "://" in proxy else f"http://{proxy.strip()}"


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """An address or network as NO_PROXY may write it, in brackets or not."""
    try:
        return ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError:
        return None


def _as_httpx_reads(entry: str) -> str | None:
    """An entry of NO_PROXY for httpx, which reads networks of one address alone in IPv6."""
    network = _network(entry)
    if network is not None and network.num_addresses == 1:
        return str(network.network_address)
    try:
        httpx.Client(mounts={f"all://*{entry}": None}, trust_env=False, verify=False).close()
    except (httpx.InvalidURL, ValueError):
        return None
    return entry


def _is_here(host: str) -> bool:
    """Whether a host is this machine."""
    name = host.lower().rstrip(".")
    if name in ("localhost", socket.gethostname().lower()) or name.endswith(".localhost"):
        return True
    network = _network(host)
    if network is None:
        return False
    own = {each.address for every in psutil.net_if_addrs().values() for each in every}
    address = network.network_address
    return address.is_loopback or address.is_unspecified or str(address) in own


def _is_excepted(host: str, exceptions: str) -> bool:
    """Whether NO_PROXY names a host, its domain or its network."""
    if proxy_bypass(host):
        return True
    address = _network(host)
    networks = (_network(each.strip()) for each in exceptions.split(","))
    return address is not None and any(
        each is not None and address.network_address in each for each in networks
    )
