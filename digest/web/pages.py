"""Pages: templates/web/*.html -> answers. Sandboxed, autoescaped, with `if` and `for` only."""

from http import HTTPStatus
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from starlette.responses import HTMLResponse

from digest.app import App
from digest.errors import SettingsError


class Pages:
    """Renders the pages of one installation."""

    def __init__(self, app: App) -> None:
        self._environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(app.templates / "web"),
            undefined=StrictUndefined,
            autoescape=True,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            site_name=app.settings.name, postal_address=app.settings.postal_address
        )

    def load(self) -> None:
        """Read every template now, so that no visitor waits for it; SettingsError for a bad one."""
        for name in self._environment.list_templates(["html"]):
            try:
                self._environment.get_template(name)
            except TemplateSyntaxError as error:
                where = f"{error.filename}, line {error.lineno}"
                raise SettingsError(f"DIGEST_TEMPLATES: {where}: {error.message}") from error

    def page(
        self, name: str, status: int = 200, headers: dict[str, str] | None = None, **values: Any
    ) -> HTMLResponse:
        """The answer that shows templates/web/NAME with these values."""
        text = self._environment.get_template(name).render(values)
        return HTMLResponse(text, status, headers)

    def message(
        self,
        heading: str,
        *lines: str,
        status: int = 200,
        back: bool = True,
        headers: dict[str, str] | None = None,
    ) -> HTMLResponse:
        """A page that only says something."""
        return self.page("message.html", status, headers, heading=heading, lines=lines, back=back)

    def problem(self, status: int) -> HTMLResponse:
        """A friendly page for an HTTP error; it tells nothing about the inside."""
        heading, line = _PROBLEMS.get(status, (HTTPStatus(status).phrase, "Please try again."))
        return self.message(heading, line, status=status)

    def too_often(self, wait_s: int) -> HTMLResponse:
        """The page for who used a budget up, and when it begins anew."""
        minutes = -(-wait_s // 60)
        when = f"It will work again in {minutes} minute{'s' if minutes > 1 else ''} at the latest."
        told = {"Retry-After": f"{wait_s}"}
        return self.message(*_PROBLEMS[429], when, status=429, headers=told)


_PROBLEMS = {
    400: ("That did not work", "What was sent could not be read."),
    404: ("Nothing here", "This page does not exist, or not any more."),
    405: ("Nothing here", "This page cannot be used that way."),
    413: ("Too much at once", "What was sent is larger than this page takes."),
    429: ("One moment, please", "That was a lot in a short time. Please try again later."),
    503: ("One moment, please", "We cannot take that just now. Please try again in a minute."),
    500: ("Something went wrong", "It has been noted. Please try again in a few minutes."),
}
