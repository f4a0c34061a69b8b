<?php

namespace App\Console;

use App\Console\Commands\PushJobs;
use Illuminate\Foundation\Console\Kernel as FrameworkKernel;

class Kernel extends FrameworkKernel
{
    protected $commands = [PushJobs::class];
}
