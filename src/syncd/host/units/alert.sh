#!/bin/sh
# alert.sh HOW JOB [COMMAND ARGUMENT...]: say that a job failed. OnFailure= starts it, with systemd's MONITOR_* variables.
#   mail     to $SYNCD_ALERT_TO, from $SYNCD_ALERT_FROM, through $SYNCD_ALERT_SENDMAIL
#   ping     POST to $SYNCD_ALERT_URL, or to the address in the credential alert-ping-url
#   command  run COMMAND with the message on its standard input
# Run id and reason are the journal's, not the store's: it also knows of runs that died before they opened the store.
set -eu

how=$1
job=$2
shift 2
unit=${MONITOR_UNIT:-syncd-$job.service}
invocation=${MONITOR_INVOCATION_ID:-none}
status=${MONITOR_EXIT_STATUS:-unknown}

journal() { journalctl --quiet --no-pager --output=cat "$@"; }

# systemd's own record of the failure comes after all records of the program: wait for it, 5 s at most.
failed=d9b373ed55a64feb8242e02dbe79a49c
for _ in 1 2 3 4 5; do
  [ -z "$(journal --lines=1 "MESSAGE_ID=$failed" "INVOCATION_ID=$invocation")" ] || break
  sleep 1
done

# A job that was stopped on request ends with 75 too; whoever stopped it knows.
if [ "$status" = 75 ] && [ -n "$(journal --lines=1 JOB_TYPE=stop "INVOCATION_ID=$invocation")" ]; then
  echo "$unit was stopped on request: no alert"
  exit 0
fi

run=$(journal --output-fields=SYNCD_RUN_ID "_SYSTEMD_INVOCATION_ID=$invocation" "SYNCD_JOB=$job" | tail -n 1)
# The program's last error, or the last thing it said, or systemd's own first error.
reason=$(journal --priority=err "_SYSTEMD_INVOCATION_ID=$invocation" | tail -n 1)
[ -n "$reason" ] || reason=$(journal "_SYSTEMD_INVOCATION_ID=$invocation" | tail -n 1)
[ -n "$reason" ] || reason=$(journal --priority=err "INVOCATION_ID=$invocation" | head -n 1)

case $status in
  1) meaning='some actions failed' ;;
  3) meaning='refused by a guard, nothing was changed' ;;
  64 | 78) meaning='the configuration is wrong' ;;
  65) meaning='input data cannot be used' ;;
  75) meaning='an outside system was not available, and all retries are used up' ;;
  77) meaning='a credential or a right is missing' ;;
  243) meaning='systemd could not load a credential: does its file exist?' ;;
  *) meaning='the program did not end by itself, or broke' ;;
esac

SYNCD_JOB=$job SYNCD_RUN_ID=${run:-none} SYNCD_UNIT=$unit SYNCD_REASON=${reason:-none in the journal}
SYNCD_RESULT=${MONITOR_SERVICE_RESULT:-unknown} SYNCD_EXIT_STATUS=$status
export SYNCD_JOB SYNCD_RUN_ID SYNCD_UNIT SYNCD_REASON SYNCD_RESULT SYNCD_EXIT_STATUS

host=$(uname -n)
message="syncd $job failed on $host: $meaning

Job:     $job
Run:     $SYNCD_RUN_ID
Unit:    $unit ($SYNCD_RESULT, exit status $status)
Reason:  $SYNCD_REASON

More:    journalctl INVOCATION_ID=$invocation + _SYSTEMD_INVOCATION_ID=$invocation
Then:    syncd show $SYNCD_RUN_ID"

case $how in
  mail)
    printf '%s\n' "From: $SYNCD_ALERT_FROM" "To: $SYNCD_ALERT_TO" "Subject: [syncd] $job failed on $host" \
      "Auto-Submitted: auto-generated" "MIME-Version: 1.0" "Content-Type: text/plain; charset=utf-8" \
      "Content-Transfer-Encoding: 8bit" "" "$message" | "$SYNCD_ALERT_SENDMAIL" -t -i
    ;;
  ping)
    url=${SYNCD_ALERT_URL:-$(cat "${CREDENTIALS_DIRECTORY:?}/alert-ping-url")}
    # by standard input: an address that is a secret must not show in the process list
    printf 'url = "%s"\n' "$url" |
      curl --config - --fail --silent --show-error --output /dev/null --max-time 20 --retry 3 --data-binary "$message"
    ;;
  command) printf '%s\n' "$message" | "$@" ;;
esac
echo "told of $unit by $how: ${run:-no run}, exit status $status"
