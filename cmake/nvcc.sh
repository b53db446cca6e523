#!/bin/sh
# nvcc.sh REPORT COMMAND...: runs the compiler, keeps what ptxas tells of registers and memory in REPORT, and shows
# the rest. Fails where ptxas gives up what a kernel is made for (notes C75..: wgmma serialised, setmaxnreg ignored).
report=$1
shift
"$@" >"$report.all" 2>&1
status=$?
grep -E 'ptxas info|bytes stack frame|^ *[0-9]+ bytes' "$report.all" >"$report"
grep -vE 'ptxas info|bytes stack frame|^ *[0-9]+ bytes|^$' "$report.all" >&2
if grep -E '\(C75[0-9]+\)' "$report.all" >&2 && [ $status -eq 0 ]; then status=1; fi
rm -f "$report.all"
exit $status
