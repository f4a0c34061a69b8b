"""The page on which a user proves himself."""

import html

from engineroom.api.http.answer import Answer
from engineroom.api.http.media_types import HTML

HEADERS = {
    # The page holds a form for a token: nothing may frame it, load into it, keep it, or learn its address.
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' http://127.0.0.1:*; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sign in to engineroom</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 4rem auto; padding: 0 1rem; }}
input {{ font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; }}
button {{ font: inherit; margin-top: 1rem; padding: .5rem 1.5rem; }}
.problem {{ color: #b00020; }}
</style>
<h1>Sign in to engineroom</h1>
<p>A command line client on this computer asks to act for you. If you have not just started it, close this page.</p>
{problem}
<form method="post">
<label for="token">A token. <code>engineroom token create NAME</code>, on the host of engineroom, makes one.</label>
<input id="token" name="token" type="password" autocomplete="off" autofocus required>
<button>Sign in</button>
</form>
</html>
"""


def page(problem: str) -> Answer:
    """Return the page, with what was wrong with the token that was shown; an empty text for nothing."""
    shown = f'<p class="problem">{html.escape(problem)}</p>' if problem else ""
    return Answer(_PAGE.format(problem=shown).encode(), media_type=HTML, headers=HEADERS)
