"""Slugs: names made fit for addresses (contract sheet, sections 4.2 and 5: made unique with -2, -3, …)."""

import re
import secrets
import string
import unicodedata
from collections.abc import Container
from itertools import count

_NOT_IN_A_SLUG = re.compile(r"[^a-z0-9]+")
_VANITY_CHARACTERS = string.ascii_lowercase + string.digits


def slugify(name: str) -> str:
    """Return `name` in lower-case letters, digits and dashes; `application` when nothing of it is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return _NOT_IN_A_SLUG.sub("-", plain).strip("-") or "application"


def unique_slug(name: str, taken: Container[str]) -> str:
    """Return the slug of `name`, with the first of -2, -3, … that makes it differ from those taken."""
    slug = slugify(name)
    if slug not in taken:
        return slug
    return next(numbered for number in count(2) if (numbered := f"{slug}-{number}") not in taken)


def new_vanity_domain(application_slug: str, environment_slug: str) -> str:
    """Return the environment's domain in the contract's form; nothing answers there on a machine of your own."""
    ending = "".join(secrets.choice(_VANITY_CHARACTERS) for _ in range(6))
    return f"{application_slug}-{environment_slug}-{ending}.laravel.cloud"
