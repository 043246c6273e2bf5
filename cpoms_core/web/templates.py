"""How Chameleon templates are drawn: as pyramid_chameleon does it, but their names are looked up in a plain
dict. Chameleon's own `Scope` asks in three Python calls, and a page of incidents asks nine thousand times:
that was a third of the time to draw it. And what is made of a file is made once: each page has a copy of its
own of every template it loads, and compiling the frame for each took most of the time of a first visit."""

from __future__ import annotations

from typing import Any

from chameleon.loader import MemoryLoader
from pyramid.config import Configurator
from pyramid.decorator import reify
from pyramid_chameleon.renderer import template_renderer_factory
from pyramid_chameleon.zpt import PyramidPageTemplateFile, ZPTTemplateRenderer


class Names(dict[str, Any]):
    """The names that a template sees. A name that is not there raises KeyError, where Chameleon's own raises
    NameError; `a | b` in a template takes both. Macros get a copy; there are no names for all of them
    (`tal:define="global x"`)."""

    __slots__ = ()
    get_name = dict.__getitem__

    def copy(self) -> Names:
        return Names(self)


class CompiledOnce(MemoryLoader):
    """Keeps what was made of a template, by its file and content: templates of the same file share the code,
    each with its own names for what it loads."""

    def __init__(self) -> None:
        self._made: dict[str, dict[str, Any]] = {}

    def get(self, name: str) -> dict[str, Any] | None:  # type: ignore[override]
        return self._made.get(name)

    def build(self, source: str, filename: str) -> dict[str, Any]:
        made = self._made[filename] = super().build(source, filename)
        return made


class Template(PyramidPageTemplateFile):  # type: ignore[misc]
    """A template whose own part and macros see `Names`; those that it loads are of this class, too."""

    loader = CompiledOnce()

    def cook(self, body: str) -> None:
        super().cook(body)
        render: Any = self._render  # type: ignore[has-type]

        def render_with_names(stream: Any, names: Any, *rest: Any, **more: Any) -> None:
            render(stream, names if type(names) is Names else Names(names), *rest, **more)

        self._render = render_with_names


class TemplateRenderer(ZPTTemplateRenderer):  # type: ignore[misc]
    """What Pyramid keeps for a template."""

    @reify
    def template(self) -> Template:
        return Template(self.path, auto_reload=False, translate=self.lookup.translate, macro=self.macro)


def includeme(config: Configurator) -> None:
    config.add_renderer(".pt", lambda info: template_renderer_factory(info, TemplateRenderer))
