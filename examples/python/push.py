"""Push jobs for worker.py: `python3 push.py 20 --seconds 0.5`."""

import argparse

from job_queue import JobQueue, queue_file


def main() -> None:
    """Push as many jobs as asked for."""
    arguments = argparse.ArgumentParser(description="Push jobs for worker.py.")
    arguments.add_argument("count", nargs="?", type=int, default=1, help="how many jobs (default: 1)")
    arguments.add_argument("--seconds", type=float, default=0.2, help="how long each takes (default: 0.2)")
    options = arguments.parse_args()

    queue = JobQueue(queue_file())
    for number in range(1, options.count + 1):
        queue.push(f"greeting {number} of {options.count}", options.seconds)
    print(f"pushed {options.count} jobs; {queue.waiting()} are in the queue")


if __name__ == "__main__":
    main()
