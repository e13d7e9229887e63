"""Credentials beside a journal in PostgreSQL: a table of its own, which nobody makes but the command."""

from __future__ import annotations

from base64 import b64encode

import psycopg
import pytest
from docreview_mcp.server import Settings
from docreview_mcp.server.credential_store.store import StoreFault, open_store
from docreview_mcp.server.services.account import Account
from postgresql import PASSWORD, migrate, running_cluster
from pydantic import SecretStr

KEYS = b64encode(bytes(32)).decode()


def test_credentials_are_stored_read_moved_and_removed() -> None:
    with running_cluster() as cluster:
        settings = Settings(journal=cluster.url, seal_keys=SecretStr(KEYS))
        store = open_store(settings)
        assert (store.find("ana"), store.every()) == (None, [])
        with psycopg.connect(cluster.url) as connection:
            tables = connection.execute("SELECT * FROM pg_tables WHERE tablename LIKE 'docreview%'")
            assert tables.fetchall() == [], "reading makes no table"
        with pytest.raises(StoreFault, match="run docreview-mcp migrate"):
            store.put("ana", Account(SecretStr("older"), source="store"))
        migrate(cluster.url)
        account = Account(SecretStr("key-of-ana"), studio_email="a@b.c", source="store")
        store.put("ana", Account(SecretStr("older"), source="store"))
        store.put("ana", account)
        other = open_store(settings)
        found = other.find("ana")
        other.close()
        assert found is not None
        assert (found.account, found.is_newest) == (account, True)

        with psycopg.connect(cluster.url) as connection:
            connection.execute("UPDATE docreview_credentials SET subject = 'bo'")
        moved = store.find("bo")
        assert moved is not None
        assert moved.account is None

        cluster.stop()
        with pytest.raises(StoreFault) as fault:
            store.find("bo")
        assert PASSWORD not in str(fault.value)
        cluster.start()
        assert store.remove("bo")
        assert not store.remove("bo")
        store.close()
