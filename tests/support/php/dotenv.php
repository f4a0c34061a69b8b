<?php
// Answers each line of standard input, {"text": base64, "outside": {...}}, with what phpdotenv makes of that file.
require '/usr/share/php/Dotenv/autoload.php';

use Dotenv\Dotenv;
use Dotenv\Repository\Adapter\ArrayAdapter;
use Dotenv\Repository\RepositoryBuilder;

while (($line = fgets(STDIN)) !== false) {
    $asked = json_decode($line, true);
    $adapter = ArrayAdapter::create()->get();
    foreach ($asked['outside'] as $name => $value) {
        $adapter->write($name, $value);
    }
    $repository = RepositoryBuilder::createWithNoAdapters()->addAdapter($adapter)->immutable()->make();
    file_put_contents($argv[1].'/.env', base64_decode($asked['text']));
    try {
        Dotenv::create($repository, $argv[1])->load();
        $found = [];
        foreach ($asked['names'] as $name) {
            $found[$name] = $repository->get($name);
        }
        $answer = ['found' => (object) $found];
    } catch (Throwable $error) {
        $answer = ['error' => get_class($error).': '.$error->getMessage()];
    }
    echo json_encode($answer, JSON_INVALID_UTF8_SUBSTITUTE), "\n";
}
