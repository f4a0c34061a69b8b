"""What descends from a process, by cgroup or by marks, and what it uses."""
