"""Where somebody is in the network: places and turns of head and hands, in scene units."""

from __future__ import annotations

import math

import msgspec

Vector = tuple[float, float, float]
Rotation = tuple[float, float, float, float]


class Placed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place in scene units and a rotation as a quaternion (x, y, z, w); what looks or points does so along -z."""

    position: Vector
    rotation: Rotation


class Hand(Placed, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A wrist or a controller.

    Parameters
    ----------
    pinch : float
        0 open to 1: thumb and index finger meet, or the trigger is pulled.
    points : Vector or None
        Where its ray ends.
    """

    pinch: float = 0.0
    points: Vector | None = None


class Worn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a headset adds to where somebody looks from and to.

    Parameters
    ----------
    rotation : Rotation
        Of the head: a camera at a desk has no tilt.
    scale : float
        Scene units of one metre: how large this person is in the network.
    left, right : Hand or None
        None while it is not seen.
    """

    rotation: Rotation
    scale: float
    left: Hand | None = None
    right: Hand | None = None


def numbers_of(worn: Worn) -> tuple[float, ...]:
    """Return every number of it, for checks."""
    hands = [hand for hand in (worn.left, worn.right) if hand is not None]
    return (
        *worn.rotation,
        worn.scale,
        *(n for hand in hands for n in (*hand.position, *hand.rotation, hand.pinch, *(hand.points or ()))),
    )


def is_rotation(rotation: Rotation) -> bool:
    """Tell whether it is a unit quaternion, as far as three digits go.

    >>> is_rotation((0, 0.707, 0, 0.707)), is_rotation((0, 0, 0, 0))
    (True, False)
    """
    return abs(math.hypot(*rotation) - 1) < 0.02
