# Files that others leave in a folder, the drop zone: systemd watches it, and starts the import.
{
  config,
  lib,
  utils,
  ...
}:
let
  cfg = config.services.syncd;
  units = import ./units.nix { inherit lib; };
  known = units.imports.kinds;
  group = units.imports.service.Service.SupplementaryGroups;
  enabled = units.enabled cfg.imports;
  unit = kind: lib.nameValuePair "syncd-import-${kind}";

  # what a unit can be let into (host/units/render.py)
  visible =
    path:
    lib.match "/[A-Za-z0-9_./@+=,~-]+" path != null
    && lib.match "/(home|root|tmp|var/tmp|run/user)(/.*)?" path == null;

  options = kind: data: {
    enable = lib.mkEnableOption "the import of ${data.description} that are left in a folder, the drop zone";

    dropZone = lib.mkOption {
      type = lib.types.externalPath;
      default = data.drop_zone;
      description = ''
        The drop zone. It is made, for root and the group `${group}`: whoever is in the group can leave files there
        (`users.users.<name>.extraGroups = [ "${group}" ];`). How they are read is set in `imports.${kind}` of
        {option}`services.syncd.settings`.
      '';
    };
  };

  path = kind: one: {
    description = (units.import cfg kind).path.Unit.Description;
    documentation = [ (units.import cfg kind).path.Unit.Documentation ];
    wantedBy = [ (units.import cfg kind).path.Install.WantedBy ];
    pathConfig.PathChanged = one.dropZone;
  };

  timer = kind: _: {
    description = (units.import cfg kind).timer.Unit.Description;
    wantedBy = [ (units.import cfg kind).timer.Install.WantedBy ];
    timerConfig = (units.import cfg kind).timer.Timer;
  };

  service =
    kind: one:
    let
      follow = lib.mkAfter (lib.optional (following ? ${kind}) "syncd-after-import-${kind}.timer");
    in
    lib.mkMerge [
      (units.task { inherit cfg utils; } (units.import cfg kind) {
        ReadWritePaths = "-${one.dropZone}";
        StateDirectory = cfg.stateDirectory;
      })
      # beside the alerts
      {
        onFailure = follow;
        onSuccess = follow;
      }
    ];

  # imports that a job follows
  following = lib.filterAttrs (kind: _: cfg.jobs.${known.${kind}.starts or ""}.enable or false) enabled;
  follower = kind: _: {
    description = (units.import cfg kind).follow.Unit.Description;
    unitConfig = {
      inherit ((units.import cfg kind).follow.Unit) ConditionPathExists StartLimitIntervalSec;
    };
    timerConfig = (units.import cfg kind).follow.Timer;
  };
in
{
  options.services.syncd.imports = lib.mapAttrs options known;

  config = lib.mkIf cfg.enable {
    services.syncd.settings = lib.mkIf (enabled != { }) {
      imports = lib.mapAttrs (_: one: { drop_zone = one.dropZone; }) enabled;
    };

    users.groups = lib.mkIf (enabled != { }) { ${group} = { }; };
    systemd.tmpfiles.settings."10-syncd" = lib.mapAttrs' (
      _: one:
      lib.nameValuePair one.dropZone {
        d = {
          inherit group;
          user = "root";
          mode = "2770";
        };
      }
    ) enabled;

    systemd.paths = lib.mapAttrs' (kind: one: unit kind (path kind one)) enabled;
    systemd.timers =
      lib.mapAttrs' (kind: one: unit kind (timer kind one)) enabled
      // lib.mapAttrs' (
        kind: one: lib.nameValuePair "syncd-after-import-${kind}" (follower kind one)
      ) following;
    systemd.services = lib.mapAttrs' (kind: one: unit kind (service kind one)) enabled;

    assertions = lib.mapAttrsToList (kind: one: {
      assertion = visible one.dropZone;
      message = ''
        services.syncd.imports.${kind}.dropZone is ${one.dropZone}, which the unit cannot be let into: it sees no
        home and no temporary folders, and systemd needs a path without spaces, quotes, ':' or '%'.
      '';
    }) enabled;
  };
}
