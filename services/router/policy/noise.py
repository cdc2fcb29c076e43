"""Noise for exploration: a normal deviate that is a function of (seed, agent), never drawn from a stream.

A decision's seed is derived from the contact and the decision's number and recorded in its explanation, so a replay
finds the same deviates whatever was decided in between, and one agent's does not depend on who else is weighed
(routing.md 4). Counter-based generation after Salmon et al. 2011 ("Parallel random numbers: as easy as 1, 2, 3");
the mixing function is SplitMix64's finaliser (Steele, Lea & Flood 2014), the normal Box and Muller's.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Keys = npt.NDArray[np.uint64]

DIGITS = 9
"""Deviates are rounded, so that the last bits of a logarithm never matter."""
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))
_TO_UNIT = 2.0**-53
_KEEP_BITS = np.uint64(11)


def seed_of(contact_id: str, number: int) -> int:
    """The seed of decision `number` about a contact: 63 bits, never 0, which stands for no noise."""
    sums = blake2b(f"{number}/{contact_id}".encode(), digest_size=8, person=b"seed").digest()
    return (int.from_bytes(sums, "big") >> 1) or 1


def keys_of(agent_ids: Sequence[str]) -> Keys:
    """64 bits for each agent, the same in any company; computed once per configuration."""
    return np.array(
        [
            int.from_bytes(blake2b(agent_id.encode(), digest_size=8, person=b"agent").digest(), "big")
            for agent_id in agent_ids
        ],
        dtype=np.uint64,
    )


def normals(seed: int, keys: Keys) -> Floats:
    """One standard normal deviate for each key."""
    with np.errstate(over="ignore"):
        counter = _mixed(keys ^ _mixed(np.array([seed], dtype=np.uint64)))
        first, second = _unit(counter), _unit(_mixed(counter + _GOLDEN))
    deviates: Floats = np.sqrt(-2.0 * np.log(1.0 - first)) * np.cos(2.0 * np.pi * second)
    return np.round(deviates, DIGITS)


def explored(seed: int, keys: Keys, chances: Floats, spread: Floats, share: float) -> Floats:
    """What is added to each chance, share x spread x deviate; chances stay within 0 and 1."""
    return np.clip(share * spread * normals(seed, keys), -chances, 1.0 - chances)


def _mixed(value: Keys) -> Keys:
    """SplitMix64's finaliser, which changes half of the bits for each bit of the input."""
    value = (value ^ (value >> _SHIFTS[0])) * _MIX[0]
    value = (value ^ (value >> _SHIFTS[1])) * _MIX[1]
    return value ^ (value >> _SHIFTS[2])


def _unit(value: Keys) -> Floats:
    """In [0, 1), on a grid of 2^-53."""
    return (value >> _KEEP_BITS).astype(np.float64) * _TO_UNIT
