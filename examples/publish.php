#!/usr/bin/env php
<?php
// Publishes on a Nowcast page: one HTTP request, nothing to install but PHP 8.
//
// On a web page of your own, nowcast_publish() is all that you need.
declare(strict_types=1);

const USAGE = <<<'TEXT'
    Publishes on a Nowcast page.

        publish.php --token TOKEN "Doors open at **seven**"
        publish.php --token TOKEN --link https://example.org --title "The programme"
        publish.php --token TOKEN --image https://example.org/a.jpg --alt "The full house"
        echo "From a pipe" | publish.php --token TOKEN -

    Options:
      --link URL, --title TEXT, --description TEXT   publish a link instead of a message
      --image URL, --alt TEXT                        publish a picture instead
      --url URL      the server (NOWCAST_URL; default http://127.0.0.1:8080)
      --token TOKEN  the publish token (NOWCAST_TOKEN)
      --room ROOM    the room (NOWCAST_ROOM; main)
      --key KEY      the idempotency key (default: a new one)
      --form         send a form instead of JSON
      --tries N      how often to try (default 5)
      --help         this text

    Every run has an idempotency key, so that a request that is sent again after a broken
    connection shows once.

    TEXT;

/** The server does not publish this, or cannot be reached. */
final class Refused extends RuntimeException
{
}

/**
 * Publishes an item and returns what the server answers: id, offset, at.
 *
 * What a later try could change (no answer, too many requests, a fault of the server) is tried
 * again with the same key, so that it shows once.
 *
 * @param array<string, string> $data
 * @return array{id: string, offset: int, at: int}
 */
function nowcast_publish(
    string $url,
    string $token,
    string $room,
    string $kind,
    array $data,
    ?string $key = null,
    bool $form = false,
    int $tries = 5,
): array {
    $key ??= bin2hex(random_bytes(16));
    $body = $form
        ? http_build_query(['kind' => $kind] + $data)
        : json_encode(['kind' => $kind, 'data' => $data], JSON_THROW_ON_ERROR);
    $type = $form ? 'application/x-www-form-urlencoded' : 'application/json';
    $headers = ["Content-Type: $type", "Idempotency-Key: $key", 'Connection: close'];
    if ($token !== '') {
        $headers[] = "Authorization: Bearer $token";
    }
    $context = stream_context_create(['http' => [
        'method' => 'POST',
        'header' => $headers,
        'content' => $body,
        'timeout' => 20,
        'ignore_errors' => true,
    ]]);
    $address = rtrim($url, '/') . '/api/rooms/' . rawurlencode($room) . '/items';

    $reason = 'nothing was tried';
    for ($attempt = 1; $attempt <= $tries; $attempt++) {
        $wait = min(2 ** ($attempt - 1) * 0.25, 5.0);
        $http_response_header = [];
        $answer = @file_get_contents($address, false, $context);
        $status = (int) (explode(' ', $http_response_header[0] ?? '')[1] ?? 0);
        $fields = json_decode((string) $answer, true);
        if ($status >= 200 && $status < 300 && isset($fields['id'])) {
            return $fields;
        }
        if ($status === 0) {
            $reason = "no answer from $url: " . (error_get_last()['message'] ?? 'it was cut off');
        } else {
            $reason = $fields['detail'] ?? "the server answered $status";
            if ($status !== 429 && $status < 500) {
                throw new Refused($reason);
            }
            foreach ($http_response_header as $line) {
                if (preg_match('/^retry-after:\s*(\d+)/i', $line, $match)) {
                    $wait = (float) $match[1];
                }
            }
        }
        if ($attempt < $tries) {
            usleep((int) ($wait * 1_000_000));
        }
    }
    throw new Refused($reason);
}

/** Ends with a message about how it was called. */
function misused(string $why): never
{
    fwrite(STDERR, "publish.php: $why\n\n" . USAGE);
    exit(2);
}

/**
 * What stands on the command line: options by name, and the text.
 *
 * @param list<string> $words
 * @return array{array<string, string>, ?string}
 */
function read_options(array $words): array
{
    $known = ['link', 'title', 'description', 'image', 'alt', 'url', 'token', 'room', 'key', 'tries'];
    $options = [];
    $text = null;
    while ($words !== []) {
        $word = array_shift($words);
        if ($word === '--help' || $word === '-h') {
            echo USAGE;
            exit(0);
        }
        if (!str_starts_with($word, '--')) {
            if ($text !== null) {
                misused('more than one text; put it in quotes');
            }
            $text = $word;
            continue;
        }
        [$name, $value] = explode('=', substr($word, 2), 2) + [1 => null];
        if ($name === 'form') {
            $options[$name] = '1';
            continue;
        }
        if (!in_array($name, $known, true)) {
            misused("there is no option --$name");
        }
        $options[$name] = $value ?? array_shift($words) ?? misused("--$name needs a value");
    }
    return [$options, $text];
}

function main(array $words): void
{
    [$options, $text] = read_options($words);
    $chosen = array_filter([$text, $options['link'] ?? null, $options['image'] ?? null], 'is_string');
    if (count($chosen) !== 1) {
        misused('give one of TEXT, --link and --image');
    }
    if (isset($options['link'])) {
        $kind = 'link';
        $data = ['url' => $options['link']] + array_intersect_key($options, ['title' => 1, 'description' => 1]);
    } elseif (isset($options['image'])) {
        $kind = 'image';
        $data = ['url' => $options['image'], 'alt' => $options['alt'] ?? ''];
        if ($data['alt'] === '') {
            misused('a picture needs --alt, for those who do not see it');
        }
    } else {
        $kind = 'message';
        $data = ['text' => $text === '-' ? (string) stream_get_contents(STDIN) : (string) $text];
    }
    $setting = fn (string $name, string $otherwise): string =>
        $options[$name] ?? (getenv('NOWCAST_' . strtoupper($name)) ?: $otherwise);
    try {
        $published = nowcast_publish(
            url: $setting('url', 'http://127.0.0.1:8080'),
            token: $setting('token', ''),
            room: $setting('room', 'main'),
            kind: $kind,
            data: $data,
            key: $options['key'] ?? null,
            form: isset($options['form']),
            tries: max(1, (int) ($options['tries'] ?? 5)),
        );
    } catch (Refused | JsonException $refused) {
        fwrite(STDERR, "publish.php: {$refused->getMessage()}\n");
        exit(1);
    }
    echo "published {$published['id']} at offset {$published['offset']}\n";
}

// Included by another script, it only brings the function.
if (PHP_SAPI === 'cli' && realpath($argv[0]) === __FILE__) {
    main(array_slice($argv, 1));
}
