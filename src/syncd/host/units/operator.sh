#!/bin/sh
# syncd as its units run it: same user, state, credentials and sandbox. Files it reads or writes are below its state folder.
set -eu
if [ -t 0 ] && [ -t 1 ]; then streams=--pty; else streams=--pipe; fi
# for `syncd status`: a system bus may refuse the dynamic user of the sandbox, so systemd is asked out here; by name,
# since a pattern leaves out the units that are idle and not loaded
names=$(systemctl list-unit-files --plain --no-legend 'syncd-*.service' 'syncd-*.timer' 2>/dev/null |
  cut -d ' ' -f 1 | grep -v @) || names=
# shellcheck disable=SC2086 # one word each
[ -z "$names" ] || units=$(LC_ALL=C TZ=UTC systemctl show \
  --property=Id,LoadState,UnitFileState,ActiveState,SubState,Result,ExecMainStatus,ExecMainStartTimestamp \
  --property=ExecMainExitTimestamp,RestartUSec,InvocationID,NextElapseUSecRealtime,NextElapseUSecMonotonic \
  $names 2>/dev/null) || units=
# A credential whose file is missing would keep the sandbox from starting (243/CREDENTIALS). Who is not root cannot see.
loaded=
load() {
  case $2 in
    *:/*) if [ "$(id -u)" = 0 ] && [ ! -e "${2#*:}" ]; then
      echo "syncd: going on without the credential ${2%%:*}: ${2#*:} is not there" >&2
      return
    fi ;;
  esac
  loaded="$loaded --property=$1=$2"
}
@credentials@
set -f # the words of $loaded, as they are
# shellcheck disable=SC2086
# LOGNAME: the audit log names the person, not the unit's user
exec systemd-run --quiet --wait --collect "$streams" --setenv=LOGNAME="${SUDO_USER:-$(id -un)}" \
  --setenv=SYNCD_UNITS="${units:-}" $loaded \
@properties@ \
  -- @program@ --config @config@ "$@"
