# What RT knows, as files in the state folder, on timers.
{
  config,
  lib,
  utils,
  ...
}:
let
  cfg = config.services.syncd;
  units = import ./units.nix { inherit lib; };
  types = import ./types.nix { inherit lib; };
  enabled = units.enabled cfg.exports;
  unit = kind: lib.nameValuePair "syncd-export-${kind}";

  options = kind: data: {
    enable = lib.mkEnableOption ''
      the export of ${data.description} to the folder `exports` of the state folder; `exports.${kind}.catalogs`
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
      description = "More arguments for `syncd export ${kind}`.";
    };
  };

  timer =
    kind: one:
    units.startsAt (units.export cfg kind).timer.Unit.Description { OnCalendar = one.schedule; };

  service =
    kind: one:
    let
      data = units.export cfg kind;
    in
    units.task { inherit cfg utils; } (data // { arguments = data.arguments ++ one.extraArgs; }) (
      {
        StateDirectory = "${cfg.stateDirectory} ${cfg.stateDirectory}/exports";
      }
      // units.environment cfg
      // units.loadCredentials cfg data.credentials
    );

  scheduled = lib.filterAttrs (_: one: one.schedule != null) enabled;
in
{
  options.services.syncd.exports = lib.mapAttrs options units.exports.kinds;

  config = lib.mkIf cfg.enable {
    systemd.timers = lib.mapAttrs' (kind: one: unit kind (timer kind one)) scheduled;
    systemd.services = lib.mapAttrs' (kind: one: unit kind (service kind one)) enabled;

    assertions = lib.concatLists (
      lib.mapAttrsToList (kind: _: [
        {
          assertion = cfg.settings ? exports.${kind};
          message = "services.syncd.exports.${kind} is enabled; set services.syncd.settings.exports.${kind}.catalogs.";
        }
        {
          assertion = cfg.environmentFile != null || units.lacking cfg [ units.exports.credentials ] == [ ];
          message = "services.syncd.exports.${kind} is enabled and lacks a credential; set ${
            units.remedy [ units.exports.credentials ]
          }.";
        }
      ]) enabled
    );
  };
}
