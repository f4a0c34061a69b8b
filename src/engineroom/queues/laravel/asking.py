"""Asking the application itself: PHP boots it as a worker does, and prints what it says of its queues.

Whatever the application prints meanwhile stands before or behind the answer, which is between two marks that nobody knows.
"""

import json
import re
from pathlib import Path

from engineroom.queues.laravel.settings import LaravelSettings, Version
from engineroom.queues.laravel.values import Value, of_json
from engineroom.sandbox import in_a_line

_MAJOR_AND_MINOR = re.compile(r"(\d+)\.(\d+)")
_MAX_REASON_LENGTH = 300

SCRIPT = r"""
[, $mark, $environment, $umask] = $argv;
umask(octdec($umask));
$answer = function (array $found) use ($mark) {
    while (ob_get_level() > 0 && @ob_end_clean());
    fwrite(STDOUT, $mark.json_encode($found, JSON_INVALID_UTF8_SUBSTITUTE | JSON_PARTIAL_OUTPUT_ON_ERROR).$mark);
};
$answered = false;
register_shutdown_function(function () use ($answer, &$answered) {
    $error = error_get_last();
    if (! $answered) {
        $fatal = $error && ($error['type'] & (E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR));
        $answer(['error' => $fatal ? $error['message'] : 'it ends while it boots']);
    }
});
$_SERVER['argv'] = $argv = $environment === '' ? ['artisan'] : ['artisan', '--env='.$environment];
$_SERVER['argc'] = $argc = count($argv);
try {
    if (! is_file('bootstrap/app.php')) {
        throw new RuntimeException('there is no bootstrap/app.php');
    }
    $composer = is_file('composer.json') ? json_decode(file_get_contents('composer.json'), true) : [];
    $vendor = ($composer['config'] ?? [])['vendor-dir'] ?? 'vendor';
    foreach ([$vendor.'/autoload.php', 'bootstrap/autoload.php'] as $file) {
        if (is_file($file)) {
            require_once $file;
            break;
        }
    }
    $app = require 'bootstrap/app.php';
    $app->make(Illuminate\Contracts\Console\Kernel::class)->bootstrap();
    $all = $app->make('config');
    $queues = ['driver', 'connection', 'queue', 'table', 'retry_after', 'host', 'port', 'prefix', 'suffix', 'region', 'key',
        'secret', 'token'];
    $databases = ['driver', 'url', 'host', 'port', 'database', 'username', 'password', 'unix_socket', 'prefix',
        'search_path', 'schema', 'sslmode', 'sslrootcert', 'write', 'options'];
    $only = function ($connections, array $keys) {
        return array_map(function ($one) use ($keys) {
            return is_array($one) ? array_intersect_key($one, array_flip($keys)) : $one;
        }, is_array($connections) ? $connections : []);
    };
    $connections = $only($all->get('queue.connections'), $queues);
    $redis = $all->get('database.redis');
    $found = [
        'version' => $app->version(),
        'queue' => [
            'default' => $all->get('queue.default'),
            'connections' => (object) $connections,
            'failed' => $all->get('queue.failed'),
        ],
        'database' => [
            'default' => $all->get('database.default'),
            'connections' => (object) $only($all->get('database.connections'), $databases),
            'redis' => is_array($redis) ? (object) $redis : null,
        ],
    ];
    $answered = true;
    $answer($found);
} catch (Throwable $error) {
    $answered = true;
    $answer(['error' => get_class($error).': '.$error->getMessage()]);
}
"""
"""Given to `php -r`, in the application's folder. For Laravel 8 and later."""

_OPTIONS = ("-d", "display_errors=stderr", "-d", "memory_limit=256M", "-r")


class NotAskedError(Exception):
    """The application cannot be asked: why."""


def command(
    mark: str, *, php: str = "php", environment: str | None = None, umask: int = 0o022
) -> tuple[str, ...]:
    """Return the words of the command that asks.

    The mark is made anew each time. `environment` is the value of `--env`. What an application writes while it boots, as a
    list of its packages, others must be able to read as ever: `umask`.
    """
    return (php, *_OPTIONS, SCRIPT, mark, environment or "", f"{umask:o}")


def answer(output: bytes, mark: str) -> str:
    """Return the answer in what was printed. Raises NotAskedError when there is none."""
    _, fence, rest = output.partition(mark.encode())
    text, end, _ = rest.partition(mark.encode())
    if not fence or not end:
        raise NotAskedError(_without_answer(output))
    return text.decode("utf-8", errors="replace")


def refusal(why: str) -> str:
    """Return what stands for the answer of an application that could not be asked."""
    return json.dumps({"error": _shortened(why)})


def settings(answer: str, folder: Path) -> LaravelSettings:
    """Return what the application says of itself. Raises NotAskedError when it could not be asked."""
    try:
        found = of_json(json.loads(answer))
    except (ValueError, TypeError, RecursionError):
        raise NotAskedError("its answer makes no sense") from None
    if not isinstance(found, dict):
        raise NotAskedError("its answer makes no sense")
    error = found.get("error")
    if error is not None:
        raise NotAskedError(_shortened(str(error)))
    return LaravelSettings(
        folder=folder,
        queue=found.get("queue"),
        database=found.get("database"),
        source="the application's configuration",
        certain=True,
        version=_version(found.get("version")),
    )


def _without_answer(output: bytes) -> str:
    printed = _shortened(output[-_MAX_REASON_LENGTH:].decode("utf-8", errors="replace"))
    return f"it ended without an answer, and printed {printed!r}" if printed else "it ended without an answer"


def _shortened(reason: str) -> str:
    return in_a_line(reason)[:_MAX_REASON_LENGTH]


def _version(text: Value) -> Version | None:
    match = _MAJOR_AND_MINOR.search(text) if isinstance(text, str) else None
    return (int(match[1]), int(match[2])) if match else None
