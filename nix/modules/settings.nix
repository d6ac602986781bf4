# The configuration file: typed where the module itself reads it, free elsewhere, and checked by syncd when it is built.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.syncd;
  format = pkgs.formats.toml { };
  units = import ./units.nix { inherit lib; };
  stateDirectory = "/var/lib/${cfg.stateDirectory}";

  jobs = units.enabled cfg.jobs;
  exports = units.enabled cfg.exports;
  schedules =
    lib.mapAttrs' (name: job: lib.nameValuePair "jobs.${name}.schedule" job.schedule) jobs
    // lib.mapAttrs' (kind: one: lib.nameValuePair "exports.${kind}.schedule" one.schedule) exports
    // lib.optionalAttrs cfg.worker.enable {
      "worker.pollSchedule" = cfg.worker.pollSchedule;
      "worker.checkSchedule" = cfg.worker.checkSchedule;
    };
  scheduled = lib.filterAttrs (_: schedule: schedule != null) schedules;

  written = format.generate "syncd.toml" cfg.settings;

  # systemd ignores a timer whose calendar event it cannot read
  checkSchedule = name: schedule: ''
    systemd-analyze calendar ${lib.escapeShellArg schedule} >/dev/null ||
      { echo ${lib.escapeShellArg "services.syncd.${name} is no calendar event"} >&2; exit 1; }
  '';

  checked =
    pkgs.runCommand "syncd.toml"
      {
        nativeBuildInputs = [
          cfg.package
          config.systemd.package
        ];
      }
      ''
        syncd --config ${written} config check
        ${lib.concatStrings (lib.mapAttrsToList checkSchedule scheduled)}
        cp ${written} $out
      '';
in
{
  options.services.syncd = {
    settings = lib.mkOption {
      type = lib.types.submodule {
        freeformType = format.type;
        options.state.directory = lib.mkOption {
          type = lib.types.str;
          default = stateDirectory;
          defaultText = lib.literalExpression ''"/var/lib/''${config.services.syncd.stateDirectory}"'';
          description = "Folder of the store; set it by {option}`services.syncd.stateDirectory`.";
        };
      };
      default = { };
      example = {
        google.delegated_user = "syncd@example.org";
        rt.url = "https://rt.example.org";
      };
      description = ''
        The configuration file of syncd, table by table. It lies in the Nix store, which everybody on the host can read: secrets
        belong into {option}`services.syncd.credentials`. `syncd config check` refuses a wrong or misspelt
        setting when the system is built.
      '';
    };

    checkConfig = lib.mkOption {
      type = lib.types.bool;
      default = cfg.environmentFile == null;
      defaultText = lib.literalExpression "config.services.syncd.environmentFile == null";
      description = ''
        Whether to check the configuration when the system is built. The check cannot know of settings that come from
        {option}`services.syncd.environmentFile`, so it is off with one.
      '';
    };

    configFile = lib.mkOption {
      type = lib.types.path;
      readOnly = true;
      internal = true;
      default = if cfg.checkConfig then checked else written;
      defaultText = lib.literalMD "made from {option}`services.syncd.settings`";
      description = "The configuration file as the units read it.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.syncd.settings.jobs = lib.mapAttrs (
      name: job:
      lib.mkMerge [
        job.settings
        { inherit (job) mode; }
        (lib.mkIf (job.package != null) {
          program = lib.mkDefault (lib.getExe' job.package units.jobs.${name}.package);
        })
      ]
    ) jobs;

    assertions = [
      {
        assertion = cfg.settings.state.directory == stateDirectory;
        message = ''
          services.syncd.settings.state.directory is ${cfg.settings.state.directory}, but the units may write to
          ${stateDirectory} only; set services.syncd.stateDirectory instead.
        '';
      }
    ];

    environment.etc."syncd/config.toml".source = cfg.configFile;
  };
}
