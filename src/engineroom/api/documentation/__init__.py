"""The API described from the table of endpoints: an OpenAPI document, and the page that shows it."""
