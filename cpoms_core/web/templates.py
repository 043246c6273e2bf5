"""How Chameleon templates are drawn: as pyramid_chameleon does it, but their names are looked up in a plain
dict. Chameleon's own `Scope` asks in three Python calls, and a page of incidents asks nine thousand times:
that was a third of the time to draw it."""

from __future__ import annotations

from typing import Any

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


class Template(PyramidPageTemplateFile):  # type: ignore[misc]
    """A template whose own part and macros see `Names`; those that it loads are of this class, too."""

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
