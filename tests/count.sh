#!/usr/bin/env bash
# Runs test programs and counts their cases, so that `make test` ends with one plain line over doctest and pytest alike.
#   count.sh unit "PROGRAM ARGUMENTS"...      count.sh clients COMMAND...      count.sh total
set -uo pipefail
counts=build/counts
mkdir -p "$counts"
add() { echo "$1 $2" >> "$counts/all"; }
failed=0
case $1 in
unit)
    shift
    for program in "$@"; do
        read -ra words <<< "$program"
        echo "== $(basename "${words[0]}") ${words[*]:1}"
        out=$("${words[@]}" 2>&1); status=$?
        echo "$out" | tail -n 60
        line=$(echo "$out" | grep -a 'test cases:' | tail -n 1)
        passed=$(echo "$line" | sed -nE 's/.*\| *([0-9]+) passed.*/\1/p'); bad=$(echo "$line" | sed -nE 's/.* ([0-9]+) failed.*/\1/p')
        # A program that died before its closing line has failed as a whole.
        [ -n "$line" ] || { passed=0; bad=1; }
        [ $status -ne 0 ] && [ "${bad:-0}" = 0 ] && bad=1
        add "${passed:-0}" "${bad:-0}"
        [ $status -ne 0 ] && failed=1
    done ;;
clients)
    shift
    "$@" 2>&1 | tee "$counts/clients.log"; status=${PIPESTATUS[0]}
    line=$(grep -aE '^[0-9]+ (passed|failed)|^(=+ )?.*(passed|failed).* in ' "$counts/clients.log" | tail -n 1)
    count() { echo "$line" | grep -oE "[0-9]+ $1" | grep -oE '^[0-9]+' || echo 0; }
    passed=$(count passed); bad=$(count failed); errors=$(count error)
    bad=$(( ${bad:-0} + ${errors:-0} ))
    [ "$status" -ne 0 ] && [ "$bad" = 0 ] && bad=1
    add "${passed:-0}" "$bad"
    [ "$status" -ne 0 ] && failed=1 ;;
total)
    awk '{p += $1; f += $2} END {printf "%d passed, %d failed\n", p, f; exit f > 0}' "$counts/all"; exit $? ;;
esac
exit $failed
