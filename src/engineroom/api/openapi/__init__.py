"""The OpenAPI document, made from the table of endpoints, and the page that shows it."""
