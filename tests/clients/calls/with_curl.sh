# With curl: sh with_curl.sh ROOT. A line a call: what was called, a tab, what came back.
set -eu
ask() { name=$1; shift; printf '%s\t%s\n' "$name" "$(curl -sS --fail-with-body "$@" | head -c 74)"; }
ask "POST /v1/predict" "$1/v1/predict" -d '{"text": "An amazing cast."}'
ask "--http2 POST /v1/predict" --http2 "$1/v1/predict" -d '{"text": "An amazing cast."}'
ask "POST /predict" "$1/predict" -d '{"inputs": "An amazing cast."}'
ask "POST /invocations" "$1/invocations" -d '{"inputs": ["An amazing cast."]}'
ask "POST /v1/models/lstm:predict" "$1/v1/models/lstm:predict" -d '{"instances": ["An amazing cast."]}'
ask "--compressed GET /metrics" --compressed -o /dev/null -w '%{http_code}, %{size_download} bytes' "$1/metrics"
ask "HEAD /health/ready" -I -o /dev/null -w '%{http_code}' "$1/health/ready"
ask "OPTIONS /v1/predict" -X OPTIONS -o /dev/null -w '%{http_code}, %header{allow}' "$1/v1/predict"
