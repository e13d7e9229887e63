"""Which connections to a service are kept. Through the public door only the time of a call shows it."""

from __future__ import annotations

import anyio
from docreview_mcp.server.services.connection_pools import ConnectionPools

OWN = "http://127.0.0.1:9/nanonets"


async def test_a_request_gets_the_client_that_was_used_last_for_itself_alone() -> None:
    pools = ConnectionPools(OWN)
    one, other = pools.take(), pools.take()
    assert one is not other
    await pools.give_back(other)
    await pools.give_back(one)
    assert pools.take() is one
    assert pools.take() is other
    await pools.give_back(one)
    await pools.give_back(other)
    await pools.close()
    assert one.is_closed
    assert other.is_closed


async def test_own_host_and_others_share_no_client() -> None:
    pools = ConnectionPools(OWN)
    own = pools.take()
    await pools.give_back(own)
    other = pools.take(is_own=False)
    assert other is not own
    await pools.give_back(other, is_own=False)
    assert pools.take() is own
    await pools.give_back(own)
    await pools.close()


async def test_what_no_request_has_needed_for_a_while_is_closed() -> None:
    pools = ConnectionPools(OWN)
    used, idle = pools.take(), pools.take()
    await pools.give_back(idle)
    await pools.give_back(used)
    for _ in range(3):
        await anyio.sleep(2)
        assert pools.take() is used
        await pools.give_back(used)
    assert idle.is_closed
    assert not used.is_closed
    await pools.close()
