"""Form builder: the forms that staff fill in, in the school's own order and with fields of its own (FRM)."""

from cpoms_core.modules import Module
from cpoms_formbuilder import hooks

MODULE = Module(
    name="formbuilder",
    title="Form builder",
    summary="Puts the fields of the forms that staff fill in into the school's own order, and adds fields.",
    package="cpoms_formbuilder",
    version="0.1.0",
    hooks=hooks,
    tables="formbuilder_",
)
