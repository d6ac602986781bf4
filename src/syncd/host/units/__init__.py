"""The systemd units: data (``*.json``) and scripts that the NixOS module and ``syncd units`` share."""
