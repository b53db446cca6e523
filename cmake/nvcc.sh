#!/bin/sh
# nvcc.sh REPORT COMMAND...: runs the compiler, keeps what ptxas tells of registers and memory in REPORT, and shows
# the rest.
report=$1
shift
"$@" >"$report.all" 2>&1
status=$?
grep -E 'ptxas info|bytes stack frame|^ *[0-9]+ bytes' "$report.all" >"$report"
grep -vE 'ptxas info|bytes stack frame|^ *[0-9]+ bytes|^$' "$report.all" >&2
rm -f "$report.all"
exit $status
