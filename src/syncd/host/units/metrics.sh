#!/bin/sh
# metrics.sh DIRECTORY JOB: textfile for node_exporter, written by ExecStopPost= with systemd's SERVICE_RESULT, EXIT_STATUS.
# The last success is a file of its own, so that a failed run leaves it alone.
set -eu

directory=$1
job=$2
now=$(date +%s)

write() { # NAME, text on standard input: complete or not at all, and readable by the exporter
  umask 022
  cat >"$directory/.$1.tmp"
  mv "$directory/.$1.tmp" "$directory/$1"
}

code=${EXIT_STATUS:-0}
case $code in *[!0-9]*) code=-1 ;; esac # a signal's name

write "syncd-$job.prom" <<TEXT
# HELP syncd_unit_last_run_timestamp_seconds When the job's unit last ended.
# TYPE syncd_unit_last_run_timestamp_seconds gauge
syncd_unit_last_run_timestamp_seconds{job="$job"} $now
# HELP syncd_unit_last_exit_status Exit status of the job's last run, -1 when a signal ended it.
# TYPE syncd_unit_last_exit_status gauge
syncd_unit_last_exit_status{job="$job"} $code
TEXT

[ "${SERVICE_RESULT:-}" = success ] || exit 0
write "syncd-$job-success.prom" <<TEXT
# HELP syncd_unit_last_success_timestamp_seconds When the job's unit last ended with success.
# TYPE syncd_unit_last_success_timestamp_seconds gauge
syncd_unit_last_success_timestamp_seconds{job="$job"} $now
TEXT
