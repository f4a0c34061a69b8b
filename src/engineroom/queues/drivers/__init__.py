"""What measures each kind of queue; `registry.py` beside says which."""
