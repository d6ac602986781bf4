# Rosters that others leave in a folder: systemd watches it, and starts the import.
{
  config,
  lib,
  utils,
  ...
}:
let
  cfg = config.services.syncd;
  students = cfg.imports.students;
  units = import ./units.nix { inherit lib; };
  data = units.importStudents;
  group = data.service.Service.SupplementaryGroups;

  # what a unit can be let into (host/units/render.py)
  visible =
    path:
    lib.match "/[A-Za-z0-9_./@+=,~-]+" path != null
    && lib.match "/(home|root|tmp|var/tmp|run/user)(/.*)?" path == null;
in
{
  options.services.syncd.imports.students = {
    enable = lib.mkEnableOption "the import of student rosters that are left in a folder, the drop zone";

    dropZone = lib.mkOption {
      type = lib.types.externalPath;
      default = "/var/lib/syncd-drop/students";
      description = ''
        The drop zone. It is made, for root and the group `${group}`: whoever is in the group can leave files there
        (`users.users.<name>.extraGroups = [ "${group}" ];`). How they are read is set in `imports.students` of
        {option}`services.syncd.settings`.
      '';
    };
  };

  config = lib.mkIf (cfg.enable && students.enable) {
    services.syncd.settings.imports.students.drop_zone = students.dropZone;

    users.groups.${group} = { };
    systemd.tmpfiles.settings."10-syncd".${students.dropZone}.d = {
      inherit group;
      user = "root";
      mode = "2770";
    };

    systemd.paths.syncd-import-students = {
      description = data.path.Unit.Description;
      documentation = [ data.path.Unit.Documentation ];
      wantedBy = [ data.path.Install.WantedBy ];
      pathConfig.PathChanged = students.dropZone;
    };

    systemd.timers.syncd-import-students = {
      description = data.timer.Unit.Description;
      wantedBy = [ data.timer.Install.WantedBy ];
      timerConfig = data.timer.Timer;
    };

    systemd.services.syncd-import-students = {
      description = data.service.Unit.Description;
      documentation = [ data.service.Unit.Documentation ];
      # a switch is no reason to look at the drop zone, or to break off an import
      restartIfChanged = false;
      unitConfig = { inherit (data.service.Unit) StartLimitIntervalSec; };
      serviceConfig =
        units.hardening
        // lib.mapAttrs (_: lib.mkDefault) (units.taskService data)
        // {
          ExecStart = utils.escapeSystemdExecArgs (
            [
              (lib.getExe cfg.package)
              "--config"
              cfg.configFile
            ]
            ++ data.arguments
          );
          ReadWritePaths = "-${students.dropZone}";
          StateDirectory = cfg.stateDirectory;
        };
    };

    assertions = [
      {
        assertion = visible students.dropZone;
        message = ''
          services.syncd.imports.students.dropZone is ${students.dropZone}, which the unit cannot be let into: it sees no
          home and no temporary folders, and systemd needs a path without spaces, quotes, ':' or '%'.
        '';
      }
    ];
  };
}
