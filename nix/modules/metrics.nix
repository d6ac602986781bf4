# What the jobs' runs came to, and how their units ended, for node_exporter.
{
  config,
  lib,
  pkgs,
  utils,
  ...
}:
let
  cfg = config.services.syncd;
  directory = cfg.metrics.textfileDirectory;
  units = import ./units.nix { inherit lib; };
  group = units.metrics.SupplementaryGroups;
  enabled = units.enabled cfg.jobs;
in
{
  options.services.syncd.metrics.textfileDirectory = lib.mkOption {
    type = lib.types.nullOr lib.types.externalPath;
    default = null;
    example = "/var/lib/syncd-metrics";
    description = ''
      Folder that node_exporter's textfile collector reads (`--collector.textfile.directory`). It is made, for root and the
      group `${group}`, to which the jobs belong. After each run it gets the job's metrics, and how the job's unit ended.
    '';
  };

  config = lib.mkIf (cfg.enable && directory != null) {
    services.syncd.settings.metrics.textfile_directory = directory;

    users.groups.${group} = { };
    systemd.tmpfiles.settings."10-syncd".${directory}.d = {
      inherit group;
      user = "root";
      mode = "0775";
    };

    systemd.services = lib.mapAttrs' (
      name: _:
      lib.nameValuePair "syncd-${name}" {
        serviceConfig = units.metrics // {
          # "-": metrics that cannot be written make no unit fail
          ExecStopPost =
            "-"
            + utils.escapeSystemdExecArgs [
              pkgs.runtimeShell
              (units.script "metrics")
              directory
              name
            ];
          ReadWritePaths = "-${directory}";
        };
      }
    ) enabled;
  };
}
