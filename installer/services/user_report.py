"""The screens of the user commands of a registry. Pure."""

from __future__ import annotations

from installer.services.user_store import RegistryUser, UserStore

UNCHANGED = "  Nothing was changed."


def put_lines(store: UserStore, user: RegistryUser, *, dry_run: bool = False) -> list[str]:
    """Return the lines about a user that was added or updated, or would be; a generated password is shown once."""
    if dry_run:
        return [f"  + {user.name}" if user.new else f"  ~ {user.name}  new password", UNCHANGED]
    lines = [f"  ✓ Added user {user.name}" if user.new else f"  ✓ Changed the password of user {user.name}"]
    if user.password:
        lines.append(f"    password  {user.password}   (shown only once)")
    lines.append(f"    log in    {store.log_in_command(user.name)}")
    return [*lines, f"    {store.hint}"] if store.hint else lines


def list_lines(store: UserStore) -> list[str]:
    """Return the users, one a line."""
    return [f"  {name}" for name in store.file.names] or [f"  No users yet. Add one: {store.add_command}"]


def removed_lines(name: str, *, dry_run: bool = False) -> list[str]:
    """Return the lines about a user that was removed, or would be."""
    return [f"  - {name}", UNCHANGED] if dry_run else [f"  ✓ Removed user {name}"]
