<?php
// Answers each line of standard input, a text, with what the framework and PHP make of it.
require '/usr/share/php/Illuminate/autoload.php';

use Illuminate\Support\ConfigurationUrlParser;
use Illuminate\Support\Str;

while (($line = fgets(STDIN)) !== false) {
    $text = json_decode($line, true)['text'];
    try {
        $url = (new ConfigurationUrlParser)->parseConfiguration(['url' => $text]);
    } catch (InvalidArgumentException $error) {
        $url = null;
    }
    echo json_encode([
        'slug_' => Str::slug($text, '_'),
        'slug-' => Str::slug($text),
        'snake' => Str::snake($text),
        'url' => $url,
    ], JSON_INVALID_UTF8_SUBSTITUTE), "\n";
}
