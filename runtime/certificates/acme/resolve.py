"""The addresses of host names, by public resolvers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runtime.base.errors import ShoestringError
from runtime.config.dns_resolver import Resolver

# For one resolver, and for all of them; a name that has many servers which do not answer takes this long.
TRY_SECONDS, LIFETIME_SECONDS = 2.0, 6.0


class NoResolverError(ShoestringError):
    """No resolver answered, so nothing is known about the names."""


def addresses(host_names: Iterable[str], resolvers: tuple[Resolver, ...]) -> Mapping[str, tuple[str, ...]]:
    """Return the IPv4 and IPv6 addresses of each name, with CNAMEs resolved.

    `resolvers` are as in the settings. Raises NoResolverError if no resolver answers for a name.
    """
    import dns.exception
    import dns.nameserver
    import dns.resolver

    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [dns.nameserver.Do53Nameserver(each.address, each.port) for each in resolvers]
    resolver.timeout, resolver.lifetime = TRY_SECONDS, LIFETIME_SECONDS
    found: dict[str, tuple[str, ...]] = {}
    for name in host_names:
        try:
            answers = [
                # The final dot: the name as it is, without the search domains of a host.
                resolver.resolve(f"{name}.", kind, raise_on_no_answer=False, search=False).rrset or ()
                for kind in ("A", "AAAA")
            ]
            found[name] = tuple(str(record.address) for records in answers for record in records)
        except dns.resolver.NXDOMAIN:
            found[name] = ()
        except dns.exception.DNSException as error:
            raise NoResolverError(
                f"No resolver answered for {name} (asked: {', '.join(map(str, resolvers))}); check "
                "acme.dns.resolvers and that this host can reach them"
            ) from error
    return found
