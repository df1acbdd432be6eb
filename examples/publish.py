#!/usr/bin/env python3
"""Publishes on a Nowcast page: one HTTP request, nothing to install but Python 3.8 or newer.

    publish.py --token TOKEN "Doors open at **seven**"
    publish.py --token TOKEN --link https://example.org --title "The programme"
    publish.py --token TOKEN --image https://example.org/a.jpg --alt "The full house"
    echo "From a pipe" | publish.py --token TOKEN -

Every run has an idempotency key, so that a request that is sent again after a broken connection
shows once.
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

TIMEOUT = 20
"""How many seconds an answer may take."""


def main():
    options = read_options()
    kind, data = item(options)
    key = options.key or str(uuid.uuid4())
    request = build_request(options, kind, data, key)
    try:
        published = send(request, options.tries)
    except Refused as refused:
        sys.exit(f"publish.py: {refused}")
    print(f"published {published['id']} at offset {published['offset']}")


def read_options():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="The server, the token and the room may also stand in the environment.",
    )
    environ = os.environ.get
    parser.add_argument("text", nargs="?", help="a message, as Markdown; - reads standard input")
    parser.add_argument("--link", metavar="URL", help="publish a link instead")
    parser.add_argument("--title", help="what the link leads to")
    parser.add_argument("--description", help="more about it")
    parser.add_argument("--image", metavar="URL", help="publish a picture instead")
    parser.add_argument("--alt", help="what is to be seen on it")
    parser.add_argument(
        "--url",
        default=environ("NOWCAST_URL", "http://127.0.0.1:8080"),
        help="the server (NOWCAST_URL; default http://127.0.0.1:8080)",
    )
    parser.add_argument(
        "--token", default=environ("NOWCAST_TOKEN"), help="the publish token (NOWCAST_TOKEN)"
    )
    parser.add_argument(
        "--room", default=environ("NOWCAST_ROOM", "main"), help="the room (NOWCAST_ROOM; main)"
    )
    parser.add_argument("--key", help="the idempotency key (default: a new one)")
    parser.add_argument("--form", action="store_true", help="send a form instead of JSON")
    parser.add_argument("--tries", type=int, default=5, help="how often to try (default 5)")
    options = parser.parse_args()
    if sum(choice is not None for choice in (options.text, options.link, options.image)) != 1:
        parser.error("give one of TEXT, --link and --image")
    if options.image and not options.alt:
        parser.error("a picture needs --alt, for those who do not see it")
    return options


def item(options):
    """The kind of what is to be published, and its data."""
    if options.link:
        data = {"url": options.link, "title": options.title, "description": options.description}
        return "link", {name: text for name, text in data.items() if text}
    if options.image:
        return "image", {"url": options.image, "alt": options.alt}
    return "message", {"text": sys.stdin.read() if options.text == "-" else options.text}


def build_request(options, kind, data, key):
    if options.form:
        content_type = "application/x-www-form-urlencoded"
        body = urllib.parse.urlencode({"kind": kind, **data}).encode()
    else:
        content_type = "application/json"
        body = json.dumps({"kind": kind, "data": data}).encode()
    room = urllib.parse.quote(options.room, safe="")
    headers = {"Content-Type": content_type, "Idempotency-Key": key}
    if options.token:
        headers["Authorization"] = f"Bearer {options.token}"
    url = f"{options.url.rstrip('/')}/api/rooms/{room}/items"
    try:
        return urllib.request.Request(url, data=body, headers=headers, method="POST")
    except ValueError:
        sys.exit(f"publish.py: {options.url} is not the address of a server")


class Refused(Exception):
    """The server does not publish this, or cannot be reached."""


def send(request, tries):
    """Sends the request until it is answered; what a later try could change is tried again."""
    for attempt in range(1, tries + 1):
        wait = min(2 ** (attempt - 1) * 0.25, 5)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            reason = problem(error)
            if error.code != 429 and error.code < 500:
                raise Refused(reason) from None
            after = error.headers.get("Retry-After", "")
            wait = int(after) if after.isdigit() else wait
        except (OSError, ValueError) as error:
            reason = f"no answer from {request.host}: {getattr(error, 'reason', error)}"
        if attempt < tries:
            time.sleep(wait)
    raise Refused(reason)


def problem(error):
    """The sentence that the server gives, or its status if it gives none (RFC 9457)."""
    try:
        return json.load(error)["detail"]
    except (ValueError, KeyError, TypeError):
        return f"the server answered {error.code} {error.reason}"


if __name__ == "__main__":
    main()
