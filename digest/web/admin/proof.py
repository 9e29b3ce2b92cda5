"""Password and code, asked again before what cannot be taken back."""

from starlette.responses import Response

from digest.errors import NotAdmitted
from digest.web.admin import cookies
from digest.web.admin.entrance import prove
from digest.web.admin.gate import Call


def proved(call: Call, answer: Response, *, always: bool = False) -> str:
    """ "" once they were right, or given a moment ago: `answer` then brings the session's new
    token. Else what is wrong."""
    if call.is_fresh and not always:
        return ""
    try:
        cookies.keep_session(answer, call.app, prove(call))
    except NotAdmitted as error:
        return f"{error}".capitalize() + "."
    return ""
