"""A group of commands whose libraries an extra brings: where one is missing, the error says which extra."""

from typing import Any

import click

from generel.concepts.errors import MissingExtra

# Libraries that only extras bring; any other module that is missing is a fault of generel's own.
LIBRARIES = frozenset({
    "anndata", "fastapi", "h5py", "httptools", "httpx", "matplotlib", "orjson", "pandas", "prometheus_client", "pydantic", "scipy", "skops", "sklearn", "starlette",
    "threadpoolctl", "umap", "uvicorn",
})


class ExtraGroup(click.Group):
    """See the module."""

    def __init__(self, *arguments: Any, extra: str = "", **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.extra = extra

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command.

        Raises:
            MissingExtra: a library of the extra is not installed.
        """
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            library = (error.name or "").partition(".")[0]
            if library not in LIBRARIES:
                raise
            raise MissingExtra(library, self.extra, f"`generel {self.name}`") from error
