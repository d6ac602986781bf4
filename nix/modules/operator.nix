# `syncd` for the operator: the command itself, run as the jobs run it, and the texts that `journalctl -x` shows.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.syncd;
  metrics = cfg.metrics.textfileDirectory;
  imports = lib.attrValues (units.enabled cfg.imports);
  units = import ./units.nix { inherit lib; };

  names = lib.unique (
    lib.concatMap (job: job.credentials) (lib.attrValues (units.enabled cfg.jobs))
    ++ lib.optionals (units.enabled cfg.exports != { }) units.exports.credentials
    ++ lib.optionals cfg.worker.enable (units.daemonCredentials cfg "worker")
  );

  service =
    units.hardening
    // units.operator
    // {
      StateDirectory = cfg.stateDirectory;
      WorkingDirectory = cfg.settings.state.directory;
    }
    // lib.zipAttrs (
      lib.optional (metrics != null) (units.metrics // { ReadWritePaths = "-${metrics}"; })
      ++ lib.optional (imports != [ ]) { inherit (units.imports.service.Service) SupplementaryGroups; }
      ++ map (one: { ReadWritePaths = "-${one.dropZone}"; }) imports
    )
    // units.environment cfg;
  properties = lib.concatLists (
    lib.mapAttrsToList (name: values: map (value: "${name}=${value}") (lib.toList values)) service
  );
  loads = lib.concatLists (
    lib.mapAttrsToList (directive: map (value: "load ${directive} ${lib.escapeShellArg value}\n")) (
      units.loadCredentials cfg names
    )
  );
  property = line: "  --property=${lib.escapeShellArg line} \\\n";

  operator = pkgs.writeShellScriptBin "syncd" (
    lib.replaceStrings
      [
        "@properties@ \\\n"
        "@credentials@\n"
        "@program@"
        "@config@"
      ]
      [
        (lib.concatMapStrings property properties)
        (lib.concatStrings loads)
        (lib.escapeShellArg (lib.getExe cfg.package))
        (lib.escapeShellArg cfg.configFile)
      ]
      (lib.readFile (units.script "operator"))
  );
in
{
  config = lib.mkIf cfg.enable {
    environment.systemPackages = [
      # in front of the program itself, which brings completions and the manual page
      (lib.hiPrio operator)
      cfg.package
    ];

    systemd.tmpfiles.settings."10-syncd"."/usr/local/lib/systemd/catalog/syncd.catalog"."L+".argument =
      "${cfg.package}/lib/systemd/catalog/syncd.catalog";

    systemd.services.syncd-catalog = {
      description = "syncd: make its message catalog known to journalctl";
      documentation = [ "man:journalctl(1)" ];
      wantedBy = [ "multi-user.target" ];
      after = [
        "systemd-tmpfiles-setup.service"
        "systemd-tmpfiles-resetup.service"
      ];
      # after an update, tmpfiles has been there before services are restarted
      restartTriggers = [ cfg.package ];
      serviceConfig = units.catalog // {
        ExecStart = "${lib.getExe' config.systemd.package "journalctl"} --update-catalog";
      };
    };
  };
}
