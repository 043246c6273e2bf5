"""Makes the students of Hillside. Everything follows from one seed, so that two runs, and a test and a
demonstration, have the same school. UPNs carry the local authority code 999, which does not exist."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter

from cpoms_core.demo.families import Families, Family
from cpoms_core.demo.names import Background
from cpoms_core.demo.people import DemoSchool, DemoStudent
from cpoms_core.demo.staff import make_staff
from cpoms_core.imports import codes

AUTUMN = dt.date(2026, 9, 1)  # the school year that the demonstration shows
YEAR_SIZES = {7: 204, 8: 202, 9: 200, 10: 198, 11: 196, 12: 104, 13: 96}  # 1,200 in all
FORMS = "ABCDEF"
SIXTH_FORMS = "ABC"
CONDITIONS = (
    "Asthma",
    "Nut allergy, severe",
    "Epilepsy",
    "Type 1 diabetes",
    "Eczema",
    "Migraine",
    "Hay fever",
)
NEEDS = ("SPLD", "MLD", "SEMH", "SLCN", "ASD", "HI", "VI", "PD")
TWINS_EVERY = 150  # students


def hillside(seed: int = 2026) -> DemoSchool:
    """The school that follows from the seed: 1,200 students of years 7 to 13 and 150 staff."""
    students = _Admissions(random.Random(seed)).students()  # noqa: S311 - nothing secret
    return DemoSchool(students, make_staff(random.Random(seed + 1)))  # noqa: S311


class _Admissions:
    """Takes in families until every year group is full."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._families = Families(rng)
        self._places = dict(YEAR_SIZES)
        self._taken: list[DemoStudent] = []
        self._twins_due = 0
        self._serials: Counter[tuple[int, int]] = Counter()

    def students(self) -> tuple[DemoStudent, ...]:
        """Every student, in the order of year, form and name."""
        while any(self._places.values()):
            self._take_family()
        self._make_namesakes()
        self._assign_forms()
        return tuple(sorted(self._taken, key=lambda one: (one.year, one.form, one.surname, one.id)))

    def _take_family(self) -> None:
        family = self._families.family()
        children: list[DemoStudent] = []
        for year in self._years():
            twin = bool(children) and children[-1].year == year
            born = children[-1].born if twin else self._birthday(year)
            children.append(self._child(family, year, born, children))
        for child in children:
            child.siblings = [other.id for other in children if other is not child]
        self._taken += children

    def _years(self) -> list[int]:
        """The year groups of a family's children; the same twice are twins."""
        free = [year for year, places in self._places.items() if places]
        count = min(self._rng.choices((1, 2, 3), (68, 27, 5))[0], len(free))
        years = self._rng.sample(free, count)
        for year in years:
            self._places[year] -= 1
        if len(self._taken) >= self._twins_due and self._places[years[-1]]:
            self._twins_due += TWINS_EVERY
            self._places[years[-1]] -= 1
            years.append(years[-1])
        return years

    def _child(self, family: Family, year: int, born: dt.date, older: list[DemoStudent]) -> DemoStudent:
        rng, background = self._rng, family.background
        girl = rng.random() < 0.5
        names = background.girls if girl else background.boys
        number = len(self._taken) + len(older)
        child = DemoStudent(
            id=2001 + number * 3,
            admission_number=f"{4100 + number:06d}",
            upn=self._upn(year),
            forename=rng.choice([name for name in names if name not in {one.forename for one in older}]),
            surname=family.surname,
            girl=girl,
            born=born,
            year=year,
            admitted=self._admitted(year),
            ethnicity=background.ethnicity if rng.random() < 0.97 else "Refused",
            religion=rng.choice(background.religions),
            language=rng.choice(background.languages),
            address=family.address,
            contacts=family.contacts,
        )
        self._choose_names(child, background)
        self._choose_needs(child)
        return child

    def _choose_names(self, child: DemoStudent, background: Background) -> None:
        rng = self._rng
        if rng.random() < 0.3:
            names = background.girls if child.girl else background.boys
            child.middle_names = rng.choice(names)
        own = dict(background.own_script).get(child.forename, "")
        if own:
            child.preferred_forename = own
        elif rng.random() < 0.06 and len(child.forename) > 5:
            child.preferred_forename = child.forename[:3]
        if rng.random() < 0.02:
            child.preferred_surname = self._families.surname(background)

    def _choose_needs(self, child: DemoStudent) -> None:
        rng = self._rng
        child.sen = rng.choices(("N", "K", "E"), (81, 14, 5))[0]
        if child.sen != "N":
            child.needs = tuple(rng.sample(NEEDS, rng.choices((1, 2), (75, 25))[0]))
        if rng.random() < 0.13:
            child.conditions = tuple(rng.sample(CONDITIONS, rng.choices((1, 2), (85, 15))[0]))
        child.pupil_premium = rng.random() < 0.24
        child.free_meals = child.pupil_premium and rng.random() < 0.8

    def _birthday(self, year: int) -> dt.date:
        """A day in the twelve months from September in which the year group was born."""
        return dt.date(AUTUMN.year - year - 5, 9, 1) + dt.timedelta(days=self._rng.randrange(365))

    def _admitted(self, year: int) -> dt.date:
        if self._rng.random() < 0.06 and year > 7:
            return dt.date(AUTUMN.year - 1, self._rng.randint(1, 6), 15)
        return dt.date(AUTUMN.year - (year - 7), 9, 3)

    def _upn(self, year: int) -> str:
        """A pupil number with the right check letter; one in a hundred is temporary, a few have none."""
        chance = self._rng.random()
        if chance < 0.003:
            return ""
        school = self._rng.choice((2101, 2102, 2205, 3307))
        self._serials[school, year] += 1
        rest = f"999{school}{(AUTUMN.year - year) % 100:02d}{self._serials[school, year]:03d}"
        if chance < 0.013:
            rest = rest[:-1] + self._rng.choice(codes.UPN_ALPHABET)
        return codes.upn_check_letter(rest) + rest

    def _make_namesakes(self) -> None:
        """Two unrelated students of the same name in one year group, and two in different ones."""
        alone = [one for one in self._taken if not one.siblings and not one.preferred_forename]
        for different_years in (False, True):
            first = alone.pop(0)
            second = next(one for one in alone if (one.year != first.year) == different_years)
            alone.remove(second)
            second.forename, second.surname, second.girl = first.forename, first.surname, first.girl

    def _assign_forms(self) -> None:
        """Deals each year group out to its forms, as evenly as it goes."""
        for year in YEAR_SIZES:
            forms = FORMS if year < 12 else SIXTH_FORMS
            members = [one for one in self._taken if one.year == year]
            self._rng.shuffle(members)
            for place, student in enumerate(members):
                student.form = f"{year}{forms[place % len(forms)]}"
