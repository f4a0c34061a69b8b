"""What requests and answers contain: fields and their validation, JSON:API documents, pages. It knows no endpoint."""
