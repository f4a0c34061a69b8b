"""Reading a file from a multipart body (RFC 7578), whatever the header says of its type."""

from email.parser import BytesParser
from email.policy import HTTP


def uploaded(content: bytes, media_type: str, name: str) -> bytes | None:
    """Return the file in the field `name`, None when there is none.

    A client is known to send another content type with it (contract sheet, open question Q22): then the first line is the
    boundary.
    """
    if not media_type.lower().startswith("multipart/"):
        first, _, _ = content.partition(b"\r\n")
        if not first.startswith(b"--"):
            return None
        media_type = f'multipart/form-data; boundary="{first[2:].decode("latin-1")}"'
    head = f"Content-Type: {media_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + content)
    if not message.is_multipart():
        return None
    for part in message.iter_parts():
        if part.get_param("name", header="content-disposition") == name:
            found = part.get_payload(decode=True)
            return found if isinstance(found, bytes) else None
    return None
