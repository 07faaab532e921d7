# Steps of a script that is resumed by running it again. To be sourced once RUNS (the folder of its results) and CONFIGS
# (a checksum of its configs) are set; the command in NICE, if any, runs the steps.
NICE=

step() {  # NAME TITLE COMMAND...: runs a command, unless it finished before with the same options and configs
  local mark="$RUNS/finished/$1" title=$2
  shift 2
  if [ "$(cat "$mark" 2>/dev/null)" = "$CONFIGS $*" ]; then
    printf '== %s: finished before\n' "$title" >&2
    return
  fi
  printf '\n== %s\n' "$title" >&2
  $NICE "$PYTHON" -m "$@"
  mkdir -p "$(dirname "$mark")"
  echo "$CONFIGS $*" > "$mark"
}
