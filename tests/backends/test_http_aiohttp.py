"""HTTP over aiohttp: what every transport holds."""

from loopbus.backends.http_aiohttp import AiohttpTransport
from loopbus.backends.transport import DEFAULT_TIMEOUTS, Timeouts, Transport

from .transport_cleanup import CleanupContract
from .transport_contract import ExchangeContract
from .transport_network import NetworkContract


class TestAiohttp(ExchangeContract, CleanupContract, NetworkContract):
    def transport(
        self, timeouts: Timeouts = DEFAULT_TIMEOUTS, *, max_connections: int = 1000, trust_env: bool = True
    ) -> Transport:
        return AiohttpTransport(timeouts, max_connections=max_connections, trust_env=trust_env)
