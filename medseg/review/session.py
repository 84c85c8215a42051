"""A session of use: who signs has proven who he is, and for how long that counts (21 CFR 11.200(a)(1))."""

from __future__ import annotations

from datetime import datetime, timedelta

from medseg.errors import SessionEndedError
from medseg.review.keys import SigningKey
from medseg.review.person import Person


class SigningSession:
    """Somebody's unlocked key, until too much time has passed since the last signature.

    It starts when the key is opened with its passphrase. Each signature starts the time anew. The key is
    forgotten when the time is over, or when :meth:`end` is called.

    Args:
        person: Who signs.
        key: The opened key.
        minutes: How long the session lasts without a signature.
        now: When it starts, with zone.
    """

    def __init__(self, person: Person, key: SigningKey, *, minutes: int, now: datetime) -> None:
        self.person = person
        self._key: SigningKey | None = key
        self._lasts = timedelta(minutes=minutes)
        self._last_used = now

    def is_open(self, now: datetime) -> bool:
        """Whether the key can still be used. A clock that was set back ends the session, too."""
        return self._key is not None and timedelta(0) <= now - self._last_used < self._lasts

    def key(self, now: datetime) -> SigningKey:
        """The key, for one signature.

        Raises:
            SessionEndedError: Too much time has passed.
        """
        if self._key is None or not self.is_open(now):
            self.end()
            raise SessionEndedError(
                f"the session of {self.person.name} has ended: nothing was signed",
                hint="name your key again and give its passphrase",
                person=self.person.id,
            )
        self._last_used = now
        return self._key

    def end(self) -> None:
        """Forget the key."""
        self._key = None
