#!/usr/bin/env bash
# Runs fuzz targets one after the other for some seconds each and ends with a table. What is found lies in build/fuzz/findings;
# the corpus grows in build/fuzz/corpus from run to run.      run.sh SECONDS [TARGET...]
set -uo pipefail
cd "$(dirname "$0")/../../build/fuzz"
time_each=$1; shift
[ $# -gt 0 ] || set -- $(for program in fuzz_*; do [ -x "$program" ] && [ "$program" != fuzz_seeds ] && echo "${program#fuzz_}"; done)
./fuzz_seeds seeds || exit 1
table="" failed=0
for target in "$@"; do
    mkdir -p "corpus/$target" "findings/$target"
    log=findings/$target.log
    nice -n 19 "./fuzz_$target" "corpus/$target" "seeds/$target" -max_total_time="$time_each" -max_len=8192 -timeout=30 -rss_limit_mb=3072 \
        -print_final_stats=1 -artifact_prefix="findings/$target/" > "$log" 2>&1 || { failed=1; grep -av libprotobuf "$log" | grep -aE 'broken promise|Assert|runtime error|ERROR|Test unit' | head -n 5; }
    execs=$(sed -nE 's/^stat::number_of_executed_units: *//p' "$log")
    coverage=$(grep -aoE 'cov: [0-9]+' "$log" | tail -n 1 | cut -d ' ' -f 2)
    found=$(find "findings/$target" -type f | wc -l)
    table+=$(printf '%-16s %12s %10s %9s' "$target" "${execs:-0}" "${coverage:-0}" "$found")$'\n'
done
printf '%-16s %12s %10s %9s\n%s' target execs coverage findings "$table"
exit $failed
