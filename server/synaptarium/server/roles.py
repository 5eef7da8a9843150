"""Who may do what: four roles, and the tokens that give them."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Mapping
from typing import Literal

from synaptarium.schemas.errors import Forbidden

Role = Literal["viewer", "presenter", "recorder", "admin"]
Action = Literal["look", "present", "record", "change"]

#: What each role may do. A presenter leads a shared session, a recorder appends events, an admin changes and deletes.
ALLOWED: Mapping[Role, frozenset[Action]] = {
    "viewer": frozenset({"look"}),
    "presenter": frozenset({"look", "present"}),
    "recorder": frozenset({"look", "record"}),
    "admin": frozenset({"look", "present", "record", "change"}),
}


def role_of(
    token: str,
    *,
    admin_token: str,
    viewer_token: str = "",
    presenter_token: str = "",
    invited: Iterable[tuple[str, Role]] = (),
) -> Role | None:
    """Return the role that a token gives, None for a wrong one; everyone is admin where no token is asked for."""
    if not admin_token:
        return "admin"
    role: Role | None = None
    for known, gives in (
        (admin_token, "admin"),
        (presenter_token, "presenter"),
        (viewer_token, "viewer"),
        *invited,
    ):
        # All are compared every time, so that the answer's time tells nothing.
        if known and hmac.compare_digest(token.encode(), known.encode()) and role is None:
            role = gives  # type: ignore[assignment]
    return role


def require(role: Role, action: Action) -> None:
    """Raise Forbidden unless the role may do that."""
    if action not in ALLOWED[role]:
        needed = ", ".join(name for name, actions in ALLOWED.items() if action in actions)
        raise Forbidden(f"The role {role!r} may not do this.", hint=f"It needs the role {needed}.")


def new_token() -> str:
    """Return a token that nobody guesses."""
    return secrets.token_urlsafe(24)
