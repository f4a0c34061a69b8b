<?php

namespace App\Jobs;

use Illuminate\Contracts\Queue\ShouldQueue;
use Illuminate\Queue\InteractsWithQueue;
use RuntimeException;

class AppendLine implements ShouldQueue
{
    use InteractsWithQueue;

    public int $number;
    public string $file;
    public int $sleepMilliseconds;

    public function __construct(int $number, string $file, int $sleepMilliseconds = 0)
    {
        $this->number = $number;
        $this->file = $file;
        $this->sleepMilliseconds = $sleepMilliseconds;
    }

    public function handle(): void
    {
        $this->sleep();

        $file = fopen($this->file, 'a');
        if ($file === false || ! flock($file, LOCK_EX)) {
            throw new RuntimeException("cannot append to {$this->file}: is its folder there, and may it be written to?");
        }
        fwrite($file, $this->number.' '.getmypid()."\n");
        fclose($file);
    }

    private function sleep(): void
    {
        // A signal ends usleep() early, and a worker that is asked to stop gets one in the middle of its job.
        $until = microtime(true) + $this->sleepMilliseconds / 1000;
        while (($left = $until - microtime(true)) > 0) {
            usleep((int) ceil($left * 1_000_000));
        }
    }
}
