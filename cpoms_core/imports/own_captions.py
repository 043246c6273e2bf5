"""The school's own captions of a source: keeping them, and what may be one (MIS-05)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product

from sqlalchemy import update

from cpoms_core.access.viewer import Viewer
from cpoms_core.admin.guards import begin_change, mark_of, refuse_if_changed
from cpoms_core.audit import services as audit
from cpoms_core.errors import Refused
from cpoms_core.imports.captions import CaptionedField, Captions, captioned_of, normal, would_be_both
from cpoms_core.imports.compare import COUNTER
from cpoms_core.imports.records import MisSource
from cpoms_core.tenancy.models import Counter, Setting
from cpoms_core.tenancy.scope import SchoolSession

MOST = 10  # captions of one field
LONGEST = 100  # characters of a caption


class CaptionsRefused(Refused):
    """Some captions cannot be kept, and so none is. `errors`: what is wrong, by the field's name."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(next(iter(errors.values())), field=next(iter(errors)))
        self.errors = errors


def own_captions(db: SchoolSession, source: MisSource) -> dict[str, tuple[str, ...]]:
    """The school's own captions for the fields of a source. Of a field that the source no longer has they
    count for nothing, and stay: it may come back with the module's next version."""
    row = db.get(Setting, (db.school_id, _key(source)))
    kept = row.value if row is not None else {}
    return {field.name: tuple(kept[field.name]) for field in captioned_of(source) if field.name in kept}


def mark(own: Captions) -> str:
    """What the page shows, as it comes back with the form."""
    return mark_of({name: list(captions) for name, captions in own.items()})


def save_captions(
    db: SchoolSession, viewer: Viewer, source: MisSource, typed: Mapping[str, Sequence[str]], seen: str
) -> None:
    """Keeps the school's own captions of a source: all that were typed, or none. A preview that waits is
    looked at again before it is applied, because its file reads differently now.

    typed: by field; a field without any, or not in it, has only the usual ones. seen: the mark of those that
    the page showed. Raises NothingThere, ChangedMeanwhile, and CaptionsRefused.
    """
    begin_change(db, viewer)
    before = own_captions(db, source)
    refuse_if_changed("the captions", seen, {name: list(captions) for name, captions in before.items()})
    tidied = {name: _tidied(captions) for name, captions in typed.items()}
    own = {name: captions for name, captions in tidied.items() if captions}
    if errors := objections(captioned_of(source), own):
        raise CaptionsRefused(errors)
    names = sorted(name for name in before.keys() | own.keys() if before.get(name) != own.get(name))
    if not names:
        return
    _keep(db, source, own)
    # imports compare by this number: whatever was read under the captions of before is then out of date
    db.execute(
        update(Counter)
        .where(Counter.name == COUNTER)
        .values(value=Counter.value + 1)
        .execution_options(synchronize_session=False)
    )
    audit.record(db, viewer, "import.captions-changed", source=source.name, fields=names)


def objections(fields: Sequence[CaptionedField], own: Captions) -> dict[str, str]:
    """What is wrong with captions, by the field's name; nothing where they can be kept."""
    known = {field.name: field for field in fields}
    errors = {name: "There is no such field. Leave it out." for name in own if name not in known}
    for name in own.keys() & known.keys():
        if message := _wrong(own[name]):
            errors[name] = message
    sound = [field for field in fields if field.name in own and field.name not in errors]
    for one, other in combinations(sound, 2):
        for caption, its in product(own[one.name], own[other.name]):
            if would_be_both(one, caption, other, its):
                errors.setdefault(one.name, _twice(caption, other))
                errors.setdefault(other.name, _twice(its, one))
    return errors


def taken_from(fields: Sequence[CaptionedField], own: Captions) -> dict[str, list[tuple[str, str]]]:
    """By field: its own captions that are usual ones of another field of the same report, with that field's
    title. It may be meant, and the other field loses the column."""
    found: dict[str, list[tuple[str, str]]] = {}
    usual = {field.name: {normal(caption) for caption in field.usual} for field in fields}
    for field in fields:
        for caption in own.get(field.name, ()):
            others = [] if normal(caption) in usual[field.name] else fields
            for other in others:
                if other.reports & field.reports and normal(caption) in usual[other.name]:
                    found.setdefault(field.name, []).append((caption, other.title))
    return found


def _key(source: MisSource) -> str:
    """The name of the school's setting. It has no dot, so that no module can declare one of this name."""
    return f"import_captions:{source.name}"


def _keep(db: SchoolSession, source: MisSource, own: Captions) -> None:
    row = db.get(Setting, (db.school_id, _key(source)))
    fields = {field.name for field in captioned_of(source)}
    others = {name: kept for name, kept in row.value.items() if name not in fields} if row else {}
    value = others | {name: list(captions) for name, captions in own.items()}
    if row is None:
        db.add(Setting(school_id=db.school_id, name=_key(source), value=value))
    else:
        row.value = value
    db.flush()


def _tidied(captions: Sequence[str]) -> tuple[str, ...]:
    """With single spaces, and each once."""
    once: dict[str, str] = {}
    for caption in (" ".join(one.split()) for one in captions):
        if caption:
            once.setdefault(normal(caption) or caption, caption)
    return tuple(once.values())


def _wrong(captions: Sequence[str]) -> str:
    if len(captions) > MOST:
        return f"Give at most {MOST} captions."
    for caption in captions:
        if len(caption) > LONGEST:
            return f"Shorten “{caption[:30]}…” to {LONGEST} characters."
        if not caption.isprintable():
            return "A caption holds a sign that cannot be shown. Type it again."
        if not normal(caption):
            return f"“{caption}” has no letter and no digit, so no column can be found by it."
    return ""


def _twice(caption: str, other: CaptionedField) -> str:
    return f"“{caption}” is given for {other.title}, too. A column can be only one of them: take one away."
