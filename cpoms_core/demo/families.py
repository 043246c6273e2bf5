"""Families of Hillside: a surname, an address and the people to call.

Telephone numbers are those set aside for drama; the postcode area ZZ and the e-mail domains do not exist.
"""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass

from cpoms_core.demo.names import BACKGROUNDS, STREETS, TITLES_F, TITLES_M, TOWNS, Background
from cpoms_core.demo.people import Address, DemoContact

HOUSEHOLDS: tuple[tuple[tuple[str, ...], int], ...] = (  # whom to call, in this order, and in how many of 100
    (("Mother",), 24),
    (("Mother", "Father"), 48),
    (("Mother", "Father", "Grandmother"), 14),
    (("Father", "Step Mother"), 6),
    (("Mother", "Step Father", "Father"), 5),
    (("Foster Mother", "Social Worker"), 2),
    (("Aunt",), 1),
)
WOMEN = {"Mother", "Grandmother", "Step Mother", "Foster Mother", "Social Worker", "Aunt"}
RESPONSIBLE = {"Mother", "Father"}
OWN_SURNAME = {"Step Father", "Foster Mother", "Social Worker"}
FIRST_CONTACT_ID = 20_001


@dataclass(frozen=True, slots=True)
class Family:
    """What the children of a family share."""

    background: Background
    surname: str
    address: Address
    contacts: tuple[DemoContact, ...]


class Families:
    """Makes families one after the other, each contact with an id of its own."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._contacts = 0

    def family(self) -> Family:
        """The next family."""
        background = self.background()
        surname, address = self.surname(background), self.address()
        return Family(background, surname, address, self._people_to_call(background, surname, address))

    def background(self) -> Background:
        """Where the next family comes from, by the shares of the school."""
        return self._rng.choices(BACKGROUNDS, [one.share for one in BACKGROUNDS])[0]

    def surname(self, background: Background) -> str:
        """A surname; now and then two with a hyphen."""
        first, second = self._rng.sample(background.surnames, 2)
        double = self._rng.random() < 0.04 and not set(" -") & set(first + second)
        return f"{first}-{second}" if double else first

    def address(self) -> Address:
        """An address in Hillside or near it."""
        rng = self._rng
        postcode = f"ZZ{rng.randint(1, 9)} {rng.randint(1, 9)}{rng.choice('ABDEF')}{rng.choice('GHJLN')}"
        return str(rng.randint(1, 199)), rng.choice(STREETS), rng.choice(TOWNS), postcode

    def _people_to_call(
        self, background: Background, surname: str, address: Address
    ) -> tuple[DemoContact, ...]:
        rng = self._rng
        household = rng.choices([who for who, _ in HOUSEHOLDS], [weight for _, weight in HOUSEHOLDS])[0]
        return tuple(
            self._contact(background, surname, address, person) for person in enumerate(household, start=1)
        )

    def _contact(
        self, background: Background, surname: str, address: Address, person: tuple[int, str]
    ) -> DemoContact:
        rng = self._rng
        priority, relationship = person
        woman = relationship in WOMEN
        forename = rng.choice(background.girls if woman else background.boys)
        other_name = relationship in OWN_SURNAME or rng.random() < 0.15
        elsewhere = relationship == "Social Worker" or (priority > 1 and rng.random() < 0.25)
        name = self.surname(background) if other_name else surname
        id = FIRST_CONTACT_ID + self._contacts * 2
        self._contacts += 1
        mobile = f"07700 900{rng.randint(0, 999):03d}"
        landline = f"01632 960{rng.randint(0, 999):03d}"
        return DemoContact(
            id=id,
            title=rng.choice(TITLES_F if woman else TITLES_M),
            forename=forename,
            surname=name,
            relationship=relationship,
            priority=priority,
            responsible=relationship in RESPONSIBLE,
            phones=(mobile, landline) if rng.random() < 0.35 else (mobile,),
            email=f"{folded(forename)}.{folded(name)}.{id}@family.example" if rng.random() < 0.8 else "",
            address=self.address() if elsewhere else address,
        )


def folded(name: str) -> str:
    """A name as the plain letters of an e-mail address."""
    plain = unicodedata.normalize("NFKD", name.replace("ł", "l").replace("Ł", "L"))
    return "".join(sign for sign in plain.casefold() if sign.isascii() and sign.isalpha())
