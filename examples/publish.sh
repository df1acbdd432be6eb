#!/bin/sh
# Publishes on a Nowcast page with curl (7.55 or newer).
set -eu

usage() {
    cat <<'TEXT'
Publishes on a Nowcast page.

    publish.sh --token TOKEN "Doors open at **seven**"
    publish.sh --token TOKEN --link https://example.org --title "The programme"
    publish.sh --token TOKEN --image https://example.org/a.jpg --alt "The full house"
    publish.sh --token TOKEN --json '{"kind":"message","data":{"text":"As JSON"}}'
    echo "From a pipe" | publish.sh --token TOKEN -

Options:
  --link URL, --title TEXT, --description TEXT   publish a link instead of a message
  --image URL, --alt TEXT                        publish a picture instead
  --json BODY    send this JSON instead of a form; - reads standard input
  --url URL      the server (NOWCAST_URL; default http://127.0.0.1:8080)
  --token TOKEN  the publish token (NOWCAST_TOKEN)
  --room ROOM    the room (NOWCAST_ROOM; main)
  --key KEY      the idempotency key (default: a new one)
  --tries N      how often to try (default 5)
  --help         this text

Every run has an idempotency key, so that a request that is sent again after a broken
connection shows once.
TEXT
}

misused() {
    printf 'publish.sh: %s\n\n' "$1" >&2
    usage >&2
    exit 2
}

url=${NOWCAST_URL:-http://127.0.0.1:8080}
token=${NOWCAST_TOKEN:-}
room=${NOWCAST_ROOM:-main}
key='' tries=5 chosen=0
text='' link='' title='' description='' image='' alt='' json=''

while [ $# -gt 0 ]; do
    case $1 in
    --help | -h)
        usage
        exit 0
        ;;
    --link | --title | --description | --image | --alt | --json | --url | --token | --room | --key | --tries)
        [ $# -ge 2 ] || misused "$1 needs a value"
        case $1 in --link | --image | --json) chosen=$((chosen + 1)) ;; esac
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
[ "$chosen" -eq 1 ] || misused 'give one of TEXT, --link, --image and --json'
if [ -n "$image" ] && [ -z "$alt" ]; then
    misused 'a picture needs --alt, for those who do not see it'
fi
command -v curl >/dev/null || {
    echo 'publish.sh: curl is not installed' >&2
    exit 1
}
[ -n "$key" ] || key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')

# The arguments of curl: a form, field by field, or the JSON as it is.
if [ -n "$json" ]; then
    [ "$json" != - ] || json=$(cat)
    set -- --header 'Content-Type: application/json' --data-binary "$json"
elif [ -n "$link" ]; then
    set -- --data kind=link --data-urlencode "url=$link"
    [ -z "$title" ] || set -- "$@" --data-urlencode "title=$title"
    [ -z "$description" ] || set -- "$@" --data-urlencode "description=$description"
elif [ -n "$image" ]; then
    set -- --data kind=image --data-urlencode "url=$image" --data-urlencode "alt=$alt"
else
    set -- --data kind=message --data-urlencode "text=$text"
fi

# One attempt: the body of the answer, then its status on a line of its own. The token goes in by
# standard input, so that it is not seen in the list of processes.
attempt() {
    {
        echo "Idempotency-Key: $key"
        [ -z "$token" ] || echo "Authorization: Bearer $token"
    } | curl --silent --show-error --max-time 20 --header @- --write-out '\n%{http_code}' \
        "$@" "${url%/}/api/rooms/$room/items" 2>&1
}

# The text of a field of a JSON object.
field() {
    printf '%s' "$body" | sed -n "s/.*\"$1\":\"\(\([^\"\\\\]\|\\\\.\)*\)\".*/\1/p"
}

wait=1
while :; do
    answer=$(attempt "$@") || true
    status=$(printf '%s' "$answer" | tail -n 1)
    body=$(printf '%s' "$answer" | sed '$d')
    case $status in
    2??)
        offset=$(printf '%s' "$body" | sed -n 's/.*"offset":\([0-9]*\).*/\1/p')
        echo "published $(field id) at offset $offset"
        exit 0
        ;;
    # No answer, too many requests, a fault of the server: a later try could change that.
    000 | 429 | 5??) tries=$((tries - 1)) ;;
    *) tries=0 ;;
    esac
    if [ "$tries" -le 0 ]; then
        # The sentence that the server gives (RFC 9457), or what curl says.
        detail=$(field detail)
        printf 'publish.sh: %s\n' "${detail:-${body:-the server answered $status}}" >&2
        exit 1
    fi
    sleep "$wait"
    wait=$((wait < 4 ? wait * 2 : 5))
done
