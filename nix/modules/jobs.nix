# A job is a oneshot service and a timer.
{
  config,
  lib,
  pkgs,
  utils,
  ...
}:
let
  cfg = config.services.syncd;
  units = import ./units.nix { inherit lib; };
  types = import ./types.nix { inherit lib; };
  known = units.jobs;
  callers = lib.filterAttrs (_: job: job ? package) known;
  enabled = units.enabled cfg.jobs;

  jobOptions =
    { name, ... }:
    {
      options = {
        enable = lib.mkEnableOption "the job ${name}";

        schedule = lib.mkOption {
          type = lib.types.nullOr types.calendar;
          default = known.${name}.schedule or null;
          defaultText = lib.literalMD (
            lib.concatStringsSep ", " (lib.mapAttrsToList (job: own: "`${own.schedule}` for ${job}") known)
          );
          example = "Mon..Fri 06:30";
          description = ''
            When the job starts, as a calendar event of {manpage}`systemd.time(7)`; `null` means no timer, so that the job
            starts only by hand. A start that was missed, because the host was off, is made up for.
          '';
        };

        randomizedDelay = lib.mkOption {
          type = types.timeSpan;
          default = units.timer.Timer.RandomizedDelaySec;
          example = "1h";
          description = "Start up to this much later than scheduled; how much is fixed for a host.";
        };

        mode = lib.mkOption {
          type = lib.types.enum [
            "plan"
            "apply"
          ];
          default = "plan";
          description = ''
            Whether the job only plans and reports, or also applies its plan within the limits. The first plans should be
            read by a person: `syncd plan ${name}`.
          '';
        };

        timeout = lib.mkOption {
          type = types.timeSpan;
          default = units.jobService.Service.TimeoutStartSec;
          example = "30min";
          description = ''
            How long a run may take. A run that shows no progress for ${units.jobService.Service.WatchdogSec} is ended
            before that by systemd's watchdog.
          '';
        };

        credentials = lib.mkOption {
          type = lib.types.listOf lib.types.str;
          default = lib.flatten (
            (known.${name}.credentials or [ ]) ++ (known.${name}.optional_credentials or [ ])
          );
          defaultText = lib.literalMD "those that the job knows of";
          description = ''
            Names of the credentials that the job's unit gets, if they are in {option}`services.syncd.credentials` or
            {option}`services.syncd.encryptedCredentials`. To be set only where the settings give them other names.
          '';
        };

        package =
          lib.mkPackageOption pkgs "gam" {
            nullable = true;
            default = known.${name}.package or null;
            extraDescription = "Its program is the setting `program`, where that is not set.";
          }
          // {
            defaultText = lib.literalMD (
              lib.concatStringsSep ", " (
                lib.mapAttrsToList (job: one: "`pkgs.${one.package}` for ${job}") callers
              )
            );
          };

        settings = lib.mkOption {
          type = lib.types.attrsOf lib.types.anything;
          default = { };
          example = {
            catalogs = [ "Chromebooks" ];
            org_units = [ "/Students" ];
          };
          description = ''
            The job's table in the configuration file: what stands here goes to `jobs.${name}` of
            {option}`services.syncd.settings`.
          '';
        };

        extraArgs = lib.mkOption {
          type = lib.types.listOf lib.types.str;
          default = [ ];
          example = [ "--all" ];
          description = "More arguments for `syncd run`.";
        };
      };
    };

  describe = name: units.describe known.${name}.description;

  # a job needs one credential of each group, but of those that have other names
  missing =
    name: job:
    units.lacking cfg (
      lib.filter (group: lib.intersectLists group job.credentials != [ ]) (
        known.${name}.credentials or [ ]
      )
    );

  # a program of others is set up by one of these credentials, or by a setting
  isSetUp =
    name: setup:
    cfg.environmentFile != null
    || cfg.settings.jobs.${name} ? ${setup.setting}
    || units.lacking cfg [ setup.credentials ] == [ ];

  service =
    name: job:
    units.task { inherit cfg utils; }
      {
        service = {
          Unit = units.jobService.Unit // {
            Description = describe name units.jobService.Unit.Description;
          };
          Service = known.${name}.service or { };
        };
        arguments = [
          "run"
          name
        ]
        ++ job.extraArgs;
      }
      (
        {
          StateDirectory = cfg.stateDirectory;
          TimeoutStartSec = job.timeout;
        }
        // units.environment cfg
        // units.loadCredentials cfg job.credentials
      );

  timer =
    name: job:
    units.startsAt (describe name units.timer.Unit.Description) {
      OnCalendar = job.schedule;
      RandomizedDelaySec = job.randomizedDelay;
    };

  unit = lib.nameValuePair;
in
{
  options.services.syncd.jobs = lib.mkOption {
    type = lib.types.attrsOf (lib.types.submodule jobOptions);
    default = { };
    example = {
      chromebooks = {
        enable = true;
        schedule = "*-*-* 05:00:00";
        mode = "apply";
      };
    };
    description = "The jobs of this host, by name: ${lib.concatStringsSep ", " (lib.attrNames known)}.";
  };

  config = lib.mkIf cfg.enable {
    systemd.services = lib.mapAttrs' (name: job: unit "syncd-${name}" (service name job)) enabled;
    systemd.timers = lib.mapAttrs' (name: job: unit "syncd-${name}" (timer name job)) (
      lib.filterAttrs (_: job: job.schedule != null) enabled
    );

    assertions =
      lib.mapAttrsToList (name: _: {
        assertion = known ? ${name};
        message = "services.syncd.jobs.${lib.strings.escapeNixIdentifier name}: there is no such job; the jobs are ${lib.concatStringsSep ", " (lib.attrNames known)}.";
      }) cfg.jobs
      ++ lib.mapAttrsToList (name: job: {
        assertion = cfg.environmentFile != null || missing name job == [ ];
        message = ''
          services.syncd.jobs.${lib.strings.escapeNixIdentifier name} is enabled and lacks a credential; set ${
            units.remedy (missing name job)
          }.
        '';
      }) enabled
      ++ lib.mapAttrsToList (name: _: {
        assertion = isSetUp name known.${name}.setup;
        message = ''
          services.syncd.jobs.${name} is enabled and its program is not set up; set ${
            units.remedy [ known.${name}.setup.credentials ]
          }, or services.syncd.jobs.${name}.settings.${known.${name}.setup.setting}.
        '';
      }) (lib.filterAttrs (name: _: known ? ${name}.setup) enabled)
      ++ lib.mapAttrsToList (name: job: {
        assertion = job.package == null || callers ? ${name};
        message = "services.syncd.jobs.${name}.package is set, but the job calls no program; these do: ${toString (lib.attrNames callers)}.";
      }) (lib.filterAttrs (name: _: known ? ${name}) enabled);

    warnings = lib.optional (enabled == { } && units.tasks cfg == [ ]) "services.syncd.enable is set, but no job is: set services.syncd.jobs.<name>.enable.";
  };
}
