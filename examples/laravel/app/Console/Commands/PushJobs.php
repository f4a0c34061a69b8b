<?php

namespace App\Console\Commands;

use App\Jobs\AppendLine;
use Illuminate\Console\Command;
use Illuminate\Contracts\Queue\Factory;

class PushJobs extends Command
{
    protected $signature = 'demo:push
        {count : How many jobs}
        {--sleep-ms=0 : How long each job takes, in milliseconds}
        {--file= : Where each job appends its line (default: storage/done.txt)}
        {--connection= : The queue connection (default: that of config/queue.php)}
        {--queue= : The queue (default: that of the connection)}';

    protected $description = 'Push jobs numbered from 1; each appends "number pid" to a file';

    public function handle(Factory $queues): int
    {
        $count = (int) $this->argument('count');
        $sleepMilliseconds = (int) $this->option('sleep-ms');
        $file = $this->option('file') ?: $this->laravel->storagePath().'/done.txt';
        $queue = $queues->connection($this->option('connection'));

        for ($number = 1; $number <= $count; $number++) {
            $queue->push(new AppendLine($number, $file, $sleepMilliseconds), '', $this->option('queue'));
        }

        $this->line("pushed $count jobs, which append to $file");

        return 0;
    }
}
