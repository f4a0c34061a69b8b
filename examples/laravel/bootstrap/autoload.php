<?php

// Debian and Ubuntu put the framework under their PHP library folder. Its files require each other by the include path, which
// an administrator may have changed.
set_include_path(implode(PATH_SEPARATOR, [get_include_path(), '/usr/share/php', '/usr/local/share/php']));

// Composer's folder first: who installs a newer framework there means it.
$vendor = dirname(__DIR__).'/vendor/autoload.php';
$framework = is_file($vendor) ? $vendor : stream_resolve_include_path('Illuminate/autoload.php');

if ($framework === false) {
    fwrite(STDERR, 'cannot find Laravel: no Illuminate/autoload.php in '.get_include_path().'; install it with: '
        ."apt-get install php-cli php-redis php-sqlite3 php-mbstring php-xml php-curl php-laravel-framework\n");
    exit(1);
}

require $framework;

spl_autoload_register(function (string $class): void {
    $file = dirname(__DIR__).'/app/'.str_replace('\\', '/', substr($class, strlen('App\\'))).'.php';
    if (str_starts_with($class, 'App\\') && is_file($file)) {
        require $file;
    }
});
