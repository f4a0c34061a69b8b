"""The media types of what is answered."""

JSON = "application/json"
JSON_API = "application/vnd.api+json"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
EVENT_STREAM = "text/event-stream; charset=utf-8"
"""Server-sent events (HTML standard, section 9.2)."""
