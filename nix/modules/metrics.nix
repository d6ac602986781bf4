# When each job's unit ended, and how, for node_exporter.
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
  enabled = lib.filterAttrs (_: job: job.enable) cfg.jobs;
in
{
  options.services.syncd.metrics.textfileDirectory = lib.mkOption {
    type = lib.types.nullOr lib.types.externalPath;
    default = null;
    example = "/var/lib/node-exporter-textfiles";
    description = ''
      Folder that node_exporter's textfile collector reads (`--collector.textfile.directory`). It must exist and belong to
      root. After each run it gets the time, the exit status and the last success of the job's unit.
    '';
  };

  config = lib.mkIf (cfg.enable && directory != null) {
    systemd.services = lib.mapAttrs' (
      name: _:
      lib.nameValuePair "syncd-${name}" {
        serviceConfig = {
          # "!": root may write there, and is still in the sandbox, without capabilities
          ExecStopPost =
            "!"
            + utils.escapeSystemdExecArgs [
              pkgs.runtimeShell
              (units.script "metrics")
              directory
              name
            ];
          ReadWritePaths = directory;
        };
      }
    ) enabled;
  };
}
