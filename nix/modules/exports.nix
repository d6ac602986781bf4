# Students with their devices, as a file in the state folder, on a timer.
{
  config,
  lib,
  utils,
  ...
}:
let
  cfg = config.services.syncd;
  students = cfg.exports.students;
  units = import ./units.nix { inherit lib; };
  types = import ./types.nix { inherit lib; };
  data = units.exportStudents;
  state = cfg.settings.state.directory;
  available = cfg.credentials // cfg.encryptedCredentials;
in
{
  options.services.syncd.exports.students = {
    enable = lib.mkEnableOption ''
      the export of students with their devices to the folder `exports` of the state folder; `exports.students.catalogs`
      of {option}`services.syncd.settings` says which catalogs the devices are in'';

    schedule = lib.mkOption {
      type = lib.types.nullOr types.calendar;
      default = data.schedule;
      example = "Mon 06:00";
      description = "When it starts, as a calendar event of {manpage}`systemd.time(7)`; `null` means only by hand.";
    };

    extraArgs = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [
        "--format"
        "xlsx"
      ];
      description = "More arguments for `syncd export students`.";
    };
  };

  config = lib.mkIf (cfg.enable && students.enable) {
    systemd.timers.syncd-export-students = lib.mkIf (students.schedule != null) {
      description = data.timer.Unit.Description;
      wantedBy = [ units.timer.Install.WantedBy ];
      timerConfig = units.timer.Timer // {
        OnCalendar = students.schedule;
      };
    };

    systemd.services.syncd-export-students = {
      description = data.service.Unit.Description;
      documentation = [ data.service.Unit.Documentation ];
      wants = [ data.service.Unit.Wants ];
      after = [ data.service.Unit.After ];
      restartIfChanged = false;
      unitConfig = { inherit (data.service.Unit) StartLimitIntervalSec StartLimitBurst; };
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
            ++ map (lib.replaceStrings [ "@state@" ] [ state ]) data.arguments
            ++ students.extraArgs
          );
          StateDirectory = "${cfg.stateDirectory} ${cfg.stateDirectory}/exports";
        }
        // lib.optionalAttrs (cfg.environmentFile != null) { EnvironmentFile = cfg.environmentFile; }
        // units.loadCredentials cfg data.credentials;
    };

    assertions = [
      {
        assertion = cfg.settings ? exports.students;
        message = "services.syncd.exports.students is enabled; set services.syncd.settings.exports.students.catalogs.";
      }
      {
        assertion = cfg.environmentFile != null || lib.any (name: available ? ${name}) data.credentials;
        message = "services.syncd.exports.students is enabled and lacks a credential; set ${
          lib.concatMapStringsSep " or " (name: "services.syncd.credentials.${name}") data.credentials
        }.";
      }
    ];
  };
}
