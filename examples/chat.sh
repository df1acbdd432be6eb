#!/bin/sh
# Chats on a Nowcast page with curl (7.55 or newer): says a line, or prints lines as they come.
set -eu

usage() {
    cat <<'TEXT'
Chats on a Nowcast page.

    chat.sh --name Ana "Hello everybody"
    echo "From a pipe" | chat.sh --name Ana -
    chat.sh --listen

Options:
  --listen          print what is said from now on, a line each, until it is stopped
  --since POSITION  with --listen: from this position on (epoch:offset)
  --name NAME       what to go by (NOWCAST_NAME; Guest)
  --url URL         the server (NOWCAST_URL; default http://127.0.0.1:8080)
  --room ROOM       the room (NOWCAST_ROOM; main)
  --invitation KEY  the invitation to a private room (NOWCAST_INVITATION)
  --token TOKEN     a publish token, whose name is shown (NOWCAST_TOKEN)
  --key KEY         the idempotency key (default: a new one)
  --tries N         how often to try (default 5)
  --help            this text

A line that is sent again after a broken connection is said once. A listener that loses its
connection goes on where it was.
TEXT
}

misused() {
    printf 'chat.sh: %s\n\n' "$1" >&2
    usage >&2
    exit 2
}

url=${NOWCAST_URL:-http://127.0.0.1:8080}
room=${NOWCAST_ROOM:-main}
name=${NOWCAST_NAME:-}
invitation=${NOWCAST_INVITATION:-}
token=${NOWCAST_TOKEN:-}
key='' tries=5 listen=0 since='' text='' chosen=0

while [ $# -gt 0 ]; do
    case $1 in
    --help | -h)
        usage
        exit 0
        ;;
    --listen)
        listen=1 chosen=$((chosen + 1))
        shift
        ;;
    --since | --name | --url | --room | --invitation | --token | --key | --tries)
        [ $# -ge 2 ] || misused "$1 needs a value"
        # The name is one of those above, so nothing strange is evaluated.
        eval "${1#--}=\$2"
        shift 2
        ;;
    -)
        text=$(cat) chosen=$((chosen + 1))
        shift
        ;;
    --*) misused "there is no option $1" ;;
    *)
        text=$1 chosen=$((chosen + 1))
        shift
        ;;
    esac
done
[ "$chosen" -eq 1 ] || misused 'give either TEXT or --listen'
command -v curl >/dev/null || {
    echo 'chat.sh: curl is not installed' >&2
    exit 1
}
[ -n "$key" ] || key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
chat=${url%/}/api/rooms/$room/chat
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

# One request: its answer goes to files, what is printed is the status, or 000. Secrets go in by
# standard input, so that they are not seen in the list of processes.
ask() {
    {
        [ -z "$token" ] || echo "Authorization: Bearer $token"
        [ -z "$invitation" ] || echo "Cookie: nowcast_invitation=$invitation"
        [ "$listen" -eq 1 ] || echo "Idempotency-Key: $key"
    } | curl --silent --show-error --max-time 70 --header @- --dump-header "$folder/head" \
        --output "$folder/body" --write-out '%{http_code}' "$@" 2>"$folder/error" || true
}

# The sentence that the server gives (RFC 9457), or what curl says.
complain() {
    detail=$(sed -n 's/.*"detail":"\(\([^"\\]\|\\.\)*\)".*/\1/p' "$folder/body" 2>/dev/null || true)
    printf 'chat.sh: %s\n' "${detail:-$(cat "$folder/error")}" >&2
    exit 1
}

left=$tries wait=1
while :; do
    : >"$folder/body"
    if [ "$listen" -eq 1 ]; then
        status=$(ask --get --data-urlencode "since=$since" "$chat/lines")
    else
        set -- --data-urlencode "text=$text"
        [ -z "$name" ] || set -- "$@" --data-urlencode "name=$name"
        status=$(ask "$@" "$chat")
    fi
    case $status in
    202)
        echo 'held until an admin approves it'
        exit 0
        ;;
    2??)
        [ "$listen" -eq 1 ] || exit 0
        cat "$folder/body"
        since=$(sed -n 's/^[Nn]owcast-[Nn]ext: *\([^[:space:]]*\).*/\1/p' "$folder/head")
        left=$tries wait=1
        continue
        ;;
    # No answer, too many requests, a fault of the server: a later try could change that.
    000 | 429 | 5??) left=$((left - 1)) ;;
    *) left=0 ;;
    esac
    [ "$left" -gt 0 ] || complain
    sleep "$wait"
    wait=$((wait < 4 ? wait * 2 : 5))
done
