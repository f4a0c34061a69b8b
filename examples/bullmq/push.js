// Push jobs for worker.js: `node push.js 300 --seconds 0.02`.

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { Queue } from "bullmq";
import { connection } from "./connection.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "0.2" },
    file: { type: "string", default: "done.txt" },
  },
});
const count = Number(positionals[0] ?? 1);
const data = { file: resolve(values.file), seconds: Number(values.seconds) };
const jobs = Array.from({ length: count }, (_, index) => ({
  name: "append-line",
  data: { ...data, number: index + 1 },
  opts: { removeOnComplete: true },
}));

const redis = connection();
const queue = new Queue("lines", { connection: redis });
await queue.addBulk(jobs);
await queue.close();
redis.disconnect();
console.log(`pushed ${count} jobs`);
