"""The answers of the user commands of a registry, as text or JSON. Pure."""

from __future__ import annotations

from installer.services.user_store import RegistryUser, UserStore
from runtime.output.encoder import as_json

UNCHANGED = "  Nothing was changed."


def put_lines(store: UserStore, user: RegistryUser, *, dry_run: bool = False) -> list[str]:
    """Return the lines about a user that was added or updated, or would be; a generated password is shown once."""
    if dry_run:
        return [f"  + {user.name}" if user.new else f"  ~ {user.name}  new password", UNCHANGED]
    lines = [f"  ✓ Added user {user.name}" if user.new else f"  ✓ Changed the password of user {user.name}"]
    if user.password:
        lines.append(f"    password  {user.password}   (shown only once)")
    lines.append(f"    log in    {_log_in(store, user)}")
    return [*lines, f"    {store.hint}"] if store.hint else lines


def put_json(store: UserStore, user: RegistryUser) -> str:
    """Return the answer of `user add`."""
    return as_json(name=user.name, new=user.new, password=user.password or None, log_in=_log_in(store, user))


def _log_in(store: UserStore, user: RegistryUser) -> str:
    return store.log_in.replace("{name}", user.name)


def list_lines(store: UserStore) -> list[str]:
    """Return the users, one a line."""
    return [f"  {name}" for name in store.file.names] or [f"  No users yet. Add one: {store.add_command}"]


def list_json(store: UserStore) -> str:
    """Return the answer of `user list`."""
    return as_json(users=list(store.file.names))


def removed_lines(name: str, *, dry_run: bool = False) -> list[str]:
    """Return the lines about a user that was removed, or would be."""
    return [f"  - {name}", UNCHANGED] if dry_run else [f"  ✓ Removed user {name}"]


def removed_json(name: str, *, removed: bool) -> str:
    """Return the answer of `user remove`."""
    return as_json(name=name, removed=removed)
