// Work the jobs of the queue "lines"; finish those in hand when asked to stop (SIGTERM, SIGINT).

import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "bullmq";
import { connection } from "./connection.js";

const worker = new Worker(
  "lines",
  async ({ data: { number, file, seconds } }) => {
    await sleep(seconds * 1000);
    appendFileSync(file, `${number} ${process.pid}\n`);
  },
  { connection: connection(), concurrency: 2 },
);
worker.on("error", (error) => console.error(error.message));

// BullMQ handles no signal itself: without this, a job in hand would be cut, and be tried again 30 s later.
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, async () => {
    await worker.close();
    process.exit(0);
  });
}
