<?php

namespace App\Exceptions;

use Illuminate\Foundation\Exceptions\Handler as FrameworkHandler;
use Throwable;

class Handler extends FrameworkHandler
{
    /** One line for each exception: a worker's output is read line by line. */
    public function report(Throwable $exception): void
    {
        $message = sprintf('%s: %s', get_class($exception), $exception->getMessage());
        $this->container->make('log')->error(strtok($message, "\n"));
    }
}
