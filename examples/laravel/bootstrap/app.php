<?php

use Illuminate\Contracts\Console\Kernel;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Contracts\Foundation\MaintenanceMode;
use Illuminate\Foundation\Application;
use Illuminate\Foundation\FileBasedMaintenanceMode;

$app = new Application(dirname(__DIR__));
$app->singleton(Kernel::class, App\Console\Kernel::class);
$app->singleton(ExceptionHandler::class, App\Exceptions\Handler::class);

// Since Laravel 9 a worker asks it whether to pause.
if (interface_exists(MaintenanceMode::class)) {
    $app->singleton(MaintenanceMode::class, FileBasedMaintenanceMode::class);
}

return $app;
