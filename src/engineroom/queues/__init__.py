"""How long is this queue, how old is its head, and how fast is it worked? One module for each kind of queue."""
