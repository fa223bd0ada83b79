"""Keys of the service in a database."""

import json
from typing import Any

from omnisource.models.access import AccessKey
from omnisource.orchestrator.store.database import Database
from omnisource.orchestrator.store.session import Session, Statement, session_of

ALL = Statement(
    "SELECT key, digest, name, scopes, node, added, revoked FROM access_keys ORDER BY added, key"
)
NODE = Statement("SELECT document FROM documents WHERE kind = 'nodes'")
NEW = Statement(
    "INSERT INTO access_keys (key, digest, name, scopes, node, added, revoked) "
    "VALUES (:key, :digest, :name, :scopes, :node, :added, NULL)"
)
REVOKE = Statement("UPDATE access_keys SET revoked = :at WHERE key = :key AND revoked IS NULL")


def all_keys(database: Database) -> list[AccessKey]:
    """Return every key that was ever added, the oldest first."""
    with database.reading() as connection:
        return [_key(*row) for row in session_of(connection).rows(ALL)]


def has_node(database: Database, node: str) -> bool:
    """Tell whether a scenario has a node of that name."""
    with database.reading() as connection:
        found = session_of(connection).rows(NODE)
    return any(json.loads(text)["node"] == node for (text,) in found)


def put_in_key(database: Database, key: AccessKey) -> None:
    """Keep a key."""
    row = key.model_dump(include={"key", "digest", "name", "node"})
    row |= {"scopes": json.dumps(key.scopes), "added": int(key.added.timestamp())}
    with database.writing() as connection:
        _session(connection).put([(NEW, row)])


def revoke(database: Database, key: str, at: int) -> bool:
    """Say of a key that it holds no more; tell whether it was there and did."""
    with database.writing() as connection:
        return _session(connection).change(REVOKE, key=key, at=at) > 0


def _session(connection: Any) -> Session:
    return session_of(connection)


def _key(key: str, digest: str, name: str, scopes: str, *rest: Any) -> AccessKey:
    node, added, revoked = rest
    return AccessKey(
        key=key, digest=digest, name=name, scopes=json.loads(scopes), node=node, added=added,
        revoked=revoked,
    )  # fmt: skip
