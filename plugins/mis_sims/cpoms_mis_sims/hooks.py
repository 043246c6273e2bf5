"""The hooks that this module implements."""

from cpoms_core.hooks import hookimpl
from cpoms_core.imports.records import MisSource
from cpoms_mis_sims.source import SimsSource


@hookimpl
def register_mis_sources() -> list[MisSource]:
    """SIMS, by its report files."""
    return [SimsSource()]
