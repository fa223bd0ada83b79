"""API keys: made once, shown once, kept as a digest.

A key is `omk_PUBLIC_SECRET`: the public half finds it, the secret half proves it. The secret is 256
bits from the operating system, so that nobody can guess it from its digest: a plain SHA-256 is as
safe as scrypt here, which only makes guessing dearer where a human chose the secret, and which
would cost every request a tenth of a second. Digests are compared in constant time; a public half
that nobody has is compared with a digest that nothing has, so that it takes as long.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Final, get_args

from pydantic import ValidationError

from omnisource.models.access import AccessKey, Scope
from omnisource.models.base import UnusableInput
from omnisource.orchestrator.store.access import all_keys, has_node, put_in_key, revoke
from omnisource.orchestrator.store.database import Database, loaded_database

PREFIX: Final = "omk"
NOBODY: Final = "0" * 64
"""What no secret has for a digest."""


def add_key(
    url: str, name: str, scopes: Sequence[str], *, node: str | None, now: datetime
) -> tuple[AccessKey, str]:
    """Make a key and keep it; return it, and the token that is shown this once.

    Args:
        url: a database that holds a scenario.
        name: of whoever shall have it.
        scopes: what it is for.
        node: whose affairs it sees; of a store or a dropshipper alone.
        now: the clock.

    Raises:
        UnusableInput: scopes and node do not go together, or there is no such node.
    """
    public, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    if unknown := [scope for scope in scopes if scope not in get_args(Scope)]:
        raise UnusableInput(
            f"--scope {unknown[0]}: there is no such scope; take {', '.join(get_args(Scope))}"
        )
    try:
        key = AccessKey.model_validate(
            {"key": public, "digest": digest_of(secret), "name": name, "scopes": tuple(scopes),
             "node": node, "added": now.replace(microsecond=0)}
        )  # fmt: skip
    except ValidationError as error:
        raise UnusableInput(f"--scope, --node: {error.errors()[0]['msg']}") from None
    database = loaded_database(url)
    try:
        _put_in(database, key)
    finally:
        database.close()
    return key, f"{PREFIX}_{public}_{secret}"


def _put_in(database: Database, key: AccessKey) -> None:
    if key.node is not None and not has_node(database, key.node):
        raise UnusableInput(f"--node {key.node}: {database.name} has no such node")
    put_in_key(database, key)


def list_keys(url: str) -> list[AccessKey]:
    """Return all keys of a database, revoked ones too."""
    database = loaded_database(url)
    try:
        return all_keys(database)
    finally:
        database.close()


def revoke_key(url: str, key: str, *, now: datetime) -> None:
    """Say of a key, by its public half, that it holds no more.

    Raises:
        UnusableInput: there is no such key, or it has been revoked before.
    """
    database = loaded_database(url)
    try:
        if not revoke(database, key, int(now.timestamp())):
            raise UnusableInput(f"{key}: no such key holds; `omnisource db key list` names them")
    finally:
        database.close()


def digest_of(secret: str) -> str:
    """Return what is kept of a secret."""
    return sha256(secret.encode()).hexdigest()


def halves(token: str) -> tuple[str, str] | None:
    """Return the public and the secret half of a token; None where it is none.

    >>> halves("omk_0123456789abcdef_s3cr_et"), halves("Bearer")
    (('0123456789abcdef', 's3cr_et'), None)
    """
    prefix, _, rest = token.partition("_")
    public, _, secret = rest.partition("_")
    return (public, secret) if prefix == PREFIX and public and secret else None


def proven(key: AccessKey | None, secret: str) -> bool:
    """Tell whether a secret is that of a key that still holds."""
    same = compare_digest(digest_of(secret), NOBODY if key is None else key.digest)
    return same and key is not None and key.revoked is None
