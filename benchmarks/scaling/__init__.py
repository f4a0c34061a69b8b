"""The arithmetic of scaling, on simulated queues and against a real one."""
