# What runs for long: the listener of webhooks behind its socket, the worker, and what looks after them.
{
  config,
  lib,
  utils,
  ...
}:
let
  cfg = config.services.syncd;
  inherit (cfg) webhooks worker;
  units = import ./units.nix { inherit lib; };
  types = import ./types.nix { inherit lib; };
  daemon = units.daemon cfg;
  events = cfg.settings.events or { };
  polls = worker.enable && events ? asset-created;

  task =
    name: serviceConfig:
    units.task { inherit cfg utils; } (daemon name) (
      serviceConfig // units.loadCredentials cfg (credentialsOf name)
    );

  # what runs for long is started with the host, and anew when it has changed
  lasting =
    name: serviceConfig:
    lib.mkMerge [
      (task name serviceConfig)
      {
        restartIfChanged = true;
        # NixOS would stop the socket, too, and refuse those who come in between
        stopIfChanged = false;
        requires = lib.optional ((daemon name).service.Unit ? Requires) (daemon name).service.Unit.Requires;
        wantedBy = [ (daemon name).service.Install.WantedBy ];
      }
    ];

  credentialsOf =
    name: if name == "webhooks" then webhooks.credentials else units.daemonCredentials cfg name;

  timer =
    name: schedule:
    units.startsAt (units.describe (daemon name).description units.timer.Unit.Description) (
      units.daemons.timer // { OnCalendar = schedule; }
    );

  listen =
    if lib.hasInfix ":" webhooks.address then
      "[${webhooks.address}]:${toString webhooks.port}"
    else
      "${webhooks.address}:${toString webhooks.port}";

  schedule =
    name: what:
    lib.mkOption {
      type = lib.types.nullOr types.calendar;
      default = units.daemons.${name}.schedule;
      example = "hourly";
      description = "When ${what}, as a calendar event of {manpage}`systemd.time(7)`; `null` means never.";
    };

  # of the environment file the worker may get the others
  unable = lib.optionals (cfg.environmentFile == null) (units.lacking cfg (units.needs cfg "worker"));
in
{
  options.services.syncd = {
    webhooks = {
      enable = lib.mkEnableOption ''
        the listener that takes webhooks, such as those of Request Tracker about new assets. systemd holds its socket;
        `webhooks` of {option}`services.syncd.settings` has its limits'';

      address = lib.mkOption {
        type = lib.types.str;
        default = "127.0.0.1";
        example = "::1";
        description = ''
          Address that the socket listens on. Anything but this host needs a proxy with TLS before it: the listener has
          none.
        '';
      };

      port = lib.mkOption {
        type = lib.types.port;
        default = 8470;
        description = "Port that the socket listens on.";
      };

      openFirewall = lib.mkOption {
        type = lib.types.bool;
        default = false;
        description = "Whether to open the port in the firewall. Not needed behind a proxy on this host.";
      };

      credentials = lib.mkOption {
        type = lib.types.listOf lib.types.str;
        default = units.daemons.webhooks.credentials;
        description = ''
          Names of the credentials of senders, of which one has to be in {option}`services.syncd.credentials` or
          {option}`services.syncd.encryptedCredentials`. To be set only where the settings give them other names.
        '';
      };
    };

    worker = {
      enable = lib.mkOption {
        type = lib.types.bool;
        default = webhooks.enable || cfg.settings ? events;
        defaultText = lib.literalMD "whether the listener is enabled, or {option}`services.syncd.settings` has `events`";
        description = ''
          Whether to work on events: give new assets their tags, answer student checks, as `events` of
          {option}`services.syncd.settings` says.
        '';
      };

      pollSchedule = schedule "poll-asset-created" "to look for new assets that Request Tracker did not tell of";
      checkSchedule = schedule "events" "to look for dead letters, which people are told of by {option}`services.syncd.alerts`";
    };
  };

  config = lib.mkIf cfg.enable {
    services.syncd.settings = lib.mkIf webhooks.enable { webhooks = { inherit listen; }; };

    networking.firewall.allowedTCPPorts = lib.mkIf (webhooks.enable && webhooks.openFirewall) [
      webhooks.port
    ];

    systemd.sockets.syncd-webhooks = lib.mkIf webhooks.enable (
      let
        data = units.daemons.webhooks.socket;
      in
      {
        description = data.Unit.Description;
        documentation = [ data.Unit.Documentation ];
        wantedBy = [ data.Install.WantedBy ];
        socketConfig = data.Socket // { ListenStream = listen; };
      }
    );

    systemd.services = lib.mkMerge [
      # of the environment file it gets nothing: that may have a token of RT
      (lib.mkIf webhooks.enable { syncd-webhooks = lasting "webhooks" { }; })
      (lib.mkIf worker.enable {
        syncd-worker = lasting "worker" (
          { StateDirectory = cfg.stateDirectory; } // units.environment cfg
        );
        syncd-events = task "events" { StateDirectory = cfg.stateDirectory; };
      })
      (lib.mkIf polls {
        syncd-poll-asset-created = task "poll-asset-created" (
          { StateDirectory = cfg.stateDirectory; } // units.environment cfg
        );
      })
    ];

    systemd.timers = lib.mkMerge [
      (lib.mkIf (worker.enable && worker.checkSchedule != null) {
        syncd-events = timer "events" worker.checkSchedule;
      })
      (lib.mkIf (polls && worker.pollSchedule != null) {
        syncd-poll-asset-created = timer "poll-asset-created" worker.pollSchedule;
      })
    ];

    assertions = [
      {
        assertion = !webhooks.enable || units.lacking cfg [ webhooks.credentials ] == [ ];
        message = "services.syncd.webhooks is enabled and nobody could prove who they are; set ${
          units.remedy [ webhooks.credentials ]
        }.";
      }
      {
        assertion = !worker.enable || events ? asset-created || events ? student-check;
        message = "services.syncd.worker is enabled and has nothing to do; set services.syncd.settings.events.asset-created or services.syncd.settings.events.student-check.";
      }
      {
        assertion = !worker.enable || unable == [ ];
        message = "services.syncd.worker is enabled and lacks a credential; set ${units.remedy unable}.";
      }
    ];
  };
}
