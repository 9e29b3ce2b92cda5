"""The file of all readers, in and out."""

import io
import tempfile
from collections.abc import Iterator
from typing import IO

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.responses import Response, StreamingResponse

from digest.core.admin import Role
from digest.store import audit
from digest.web.admin.gate import Call, In, act, rooms, show
from digest.web.admin.proof import proved
from subscribers import transfer
from subscribers.errors import BadImport

router: APIRouter = rooms()

_SMALL, _PIECE = 1_000_000, 65_536


@show(router, "/file", Role.OWNER)
def form(call: In) -> Response:
    """Import and export."""
    return _form(call)


def _form(
    call: Call, wrong: str = "", report: transfer.ImportReport | None = None, status: int = 200
) -> Response:
    return call.page("file.html", status, wrong=wrong, report=report)


@act(router, "/file/import", Role.OWNER)
def import_(call: In) -> Response:
    """Take in a CSV file; a bad row is named, and the others go in."""
    file = call.form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return _form(call, "Choose a CSV file.", status=400)
    lines = io.TextIOWrapper(file.file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        report = transfer.import_csv(
            call.app.begin,
            lines,
            now=call.app.clock(),
            secret=call.app.secret,
            smtputf8=call.app.settings.smtputf8,
        )
    except BadImport as error:
        return _form(call, f"{error}".capitalize() + ".", status=400)
    finally:
        lines.detach()
    told = f"{report.added} added, {report.updated} updated, {len(report.bad)} bad"
    with call.app.begin() as session:
        audit.note(session, call.who, "imported readers", "", told, now=call.app.clock())
    return _form(call, report=report)


@act(router, "/file/export", Role.OWNER)
def export(call: In) -> Response:
    """All readers as CSV; password and code are asked where they were not given just now."""
    file = tempfile.SpooledTemporaryFile(_SMALL, "w+", encoding="utf-8", newline="")  # noqa: SIM115
    answer = StreamingResponse(_pieces(file), media_type="text/csv; charset=utf-8", headers=_NAMED)
    if wrong := proved(call, answer):
        file.close()
        return _form(call, wrong, status=403)
    with call.app.read() as session:
        count = transfer.export_csv(session, file, secret=call.app.secret)  # type: ignore[arg-type]
    file.seek(0)
    with call.app.begin() as session:
        audit.note(session, call.who, "exported readers", "", f"{count}", now=call.app.clock())
    return answer


_NAMED = {"Content-Disposition": 'attachment; filename="readers.csv"'}


def _pieces(file: IO[str]) -> Iterator[str]:
    with file:
        while piece := file.read(_PIECE):
            yield piece
