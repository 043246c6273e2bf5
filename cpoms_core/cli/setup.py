"""What every command is given: the deployment, read when it is first asked for."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cpoms_core.deployment import BadDeployment, Deployment, load

if TYPE_CHECKING:
    from cpoms_core.application import Application


class Setup:
    """The configuration that was chosen. `config` may not exist yet: `demo` makes it."""

    def __init__(self, config: Path) -> None:
        self.config = config

    @cached_property
    def deployment(self) -> Deployment:
        """Raises what click shows where the file is missing or wrong."""
        try:
            return load(self.config)
        except BadDeployment as error:
            raise click.ClickException(str(error)) from None

    @cached_property
    def app(self) -> Application:
        """The application of the deployment, over a database that was migrated."""
        from cpoms_core.application import Application

        return Application(self.deployment)
