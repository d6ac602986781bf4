#!/bin/sh
# syncd as its units run it: same user, state, credentials and sandbox. Files it reads or writes are below its state folder.
set -eu
if [ -t 0 ] && [ -t 1 ]; then streams=--pty; else streams=--pipe; fi
# LOGNAME: the audit log names the person, not the unit's user
exec systemd-run --quiet --wait --collect "$streams" --setenv=LOGNAME="${SUDO_USER:-$(id -un)}" \
@properties@ \
  -- @program@ --config @config@ "$@"
