"""What is said to whoever asks for a managed queue."""

NONE_HERE = (
    "engineroom has no managed queues. "
    "Create an instance of the type service, and a background process of the type worker on it."
)
