// A connection to the Redis at $REDIS_URL.

import { Redis } from "ioredis";

export function connection() {
  // BullMQ wants null: a worker waits for a server that is away, for as long as it takes.
  return new Redis(process.env.REDIS_URL ?? "redis://127.0.0.1:6379/0", { maxRetriesPerRequest: null });
}
