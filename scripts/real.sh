#!/usr/bin/env bash
# Runs go test with the given arguments and fails where a test was skipped: for
# the make targets whose tests need a real part of the outside.
set -euo pipefail
log=$(mktemp)
trap 'rm -f "$log"' EXIT
go test -v -count=1 "$@" 2>&1 | tee "$log" | grep -v '^=== \|^    --- PASS' || true
if grep -q '^ *--- SKIP' "$log"; then
  echo "real: these tests were skipped, so their part is missing:" >&2
  grep '^ *--- SKIP' "$log" >&2
  exit 1
fi
if grep -q '^FAIL\|^ *--- FAIL\|^panic:' "$log"; then exit 1; fi
grep -q '^ *--- PASS' "$log" || { echo "real: no test ran" >&2; exit 1; }
