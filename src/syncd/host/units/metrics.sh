#!/bin/sh
# metrics.sh DIRECTORY JOB: how the job's unit ended, as a textfile for node_exporter. ExecStopPost= runs it, with systemd's
# EXIT_STATUS. The program writes what its runs came to, in another file; this one also knows of runs that were killed.
set -eu

directory=$1
job=$2

code=${EXIT_STATUS:-0}
case $code in *[!0-9]*) code=-1 ;; esac # a signal's name

# complete or not at all, and readable by the exporter
umask 022
unfinished=$directory/.syncd-$job-unit.prom.new
rm -f "$unfinished"
cat >"$unfinished" <<TEXT
# HELP syncd_unit_last_run_timestamp_seconds When the job's unit last ended.
# TYPE syncd_unit_last_run_timestamp_seconds gauge
syncd_unit_last_run_timestamp_seconds{job="$job"} $(date +%s)
# HELP syncd_unit_last_exit_status Exit status of the job's last run, -1 when a signal ended it.
# TYPE syncd_unit_last_exit_status gauge
syncd_unit_last_exit_status{job="$job"} $code
TEXT
mv "$unfinished" "$directory/syncd-$job-unit.prom"
