# services.syncd: one file per room.
{ lib, pkgs, ... }:
{
  imports = [
    ./alerts.nix
    ./credentials.nix
    ./daemons.nix
    ./exports.nix
    ./imports.nix
    ./jobs.nix
    ./metrics.nix
    ./operator.nix
    ./settings.nix
  ];

  options.services.syncd = {
    enable = lib.mkEnableOption "syncd, integration jobs between Request Tracker, Google Workspace and their neighbours";

    package = lib.mkPackageOption pkgs "syncd" { };

    stateDirectory = lib.mkOption {
      type = lib.types.strMatching "[a-z0-9_][a-z0-9_-]*";
      default = "syncd";
      description = ''
        Name of the state folder below {file}`/var/lib`. It holds the audit log, the snapshots, the locks and the rate
        limits of all jobs, belongs to the jobs' user alone, and is what a backup needs.
      '';
    };

    environmentFile = lib.mkOption {
      type = lib.types.nullOr lib.types.externalPath;
      default = null;
      example = "/run/secrets/syncd/environment";
      description = ''
        File with environment variables for the jobs, in the form of {manpage}`systemd.exec(5)`: the settings
        `GOOGLE_ADMIN_DELEGATED_USER`, `GOOGLE_ADMIN_SCOPES`, `RT_BASE_URL` and `RT_USERNAME`, and the secrets
        `GOOGLE_CREDENTIALS_PATH`, `RT_PASSWORD` and `RT_TOKEN`. For hosts that have such a file already: everything in it
        is in the environment of the whole unit, so new ones should use {option}`services.syncd.settings` and
        {option}`services.syncd.credentials`. `SYNC_SCHEDULE` is not read here; set
        {option}`services.syncd.jobs.<name>.schedule`.
      '';
    };
  };
}
