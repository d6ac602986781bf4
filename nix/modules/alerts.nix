# Units that systemd starts when a job failed and is not tried again, and when it has done its work.
{
  config,
  lib,
  utils,
  ...
}:
let
  cfg = config.services.syncd;
  alerts = cfg.alerts;
  units = import ./units.nix { inherit lib; };
  enabled = units.enabled cfg.jobs;

  wanted =
    lib.optional (alerts.command != [ ]) "command"
    ++ lib.optional (alerts.mail.to != null) "mail"
    ++ lib.optional (alerts.ping.url != null) "ping";

  # what is special about each kind: arguments, directives, and what it calls
  special = {
    command.arguments = alerts.command;
    mail.serviceConfig.Environment = map assignment [
      "SYNCD_ALERT_TO=${alerts.mail.to}"
      "SYNCD_ALERT_FROM=${alerts.mail.from}"
      "SYNCD_ALERT_SENDMAIL=${alerts.mail.sendmail}"
    ];
    ping.serviceConfig =
      if alerts.ping.url == "credential" then
        units.loadCredentials cfg [ "alert-ping-url" ]
      else
        { Environment = [ (assignment "SYNCD_ALERT_URL=${alerts.ping.url}") ]; };
  };

  # an instance for each event, so that systemd says of which it is
  told = name: event: map (kind: "syncd-alert-${kind}@${name}:${event}.service");

  assignment = text: lib.replaceStrings [ "%" ] [ "%%" ] (builtins.toJSON text);

  service =
    kind:
    let
      data = units.alertService kind;
      command = utils.escapeSystemdExecArgs [
        (lib.getExe cfg.package)
        "alert"
        kind
      ];
      arguments = utils.escapeSystemdExecArgs (special.${kind}.arguments or [ ]);
    in
    {
      description = data.Unit.Description;
      documentation = [ data.Unit.Documentation ];
      after = lib.optional (data.Unit ? After) data.Unit.After;
      wants = lib.optional (data.Unit ? Wants) data.Unit.Wants;
      serviceConfig =
        data.Service
        // {
          # %i is the job and the event, for systemd to expand
          ExecStart = "${command} %i" + lib.optionalString (arguments != "") " ${arguments}";
        }
        // special.${kind}.serviceConfig or { };
    };
in
{
  options.services.syncd.alerts = {
    mail = {
      to = lib.mkOption {
        type = lib.types.nullOr lib.types.str;
        default = null;
        example = "it@example.org";
        description = ''
          Whom to mail, through the host's sendmail, when a job failed: once for each kind of failure (exit status), and
          once when it works again. The unit has no network: the host's mail server (Postfix, say) sends. For a sendmail
          that speaks SMTP itself, such as msmtp, use {option}`services.syncd.alerts.command`.
        '';
      };

      from = lib.mkOption {
        type = lib.types.str;
        default = "syncd@${config.networking.fqdnOrHostName}";
        defaultText = lib.literalExpression ''"syncd@''${config.networking.fqdnOrHostName}"'';
        description = "Sender of the mail.";
      };

      sendmail = lib.mkOption {
        type = lib.types.path;
        default = "/run/wrappers/bin/sendmail";
        description = "The host's sendmail program.";
      };
    };

    command = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = lib.literalExpression ''[ (lib.getExe' pkgs.util-linux "logger") "--priority=alert" ]'';
      description = ''
        What to run when a job failed, once for each kind of failure (exit status), and once when it works again: a
        program and its arguments. It gets the message on standard input, and `SYNCD_ALERT` (`failed` or `success`),
        `SYNCD_JOB`, `SYNCD_RUN_ID`, `SYNCD_UNIT`, `SYNCD_RESULT`, `SYNCD_EXIT_STATUS`, `SYNCD_REASON` and
        `SYNCD_COUNTS` in its environment.
      '';
    };

    ping.url = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "credential";
      description = ''
        Address to POST to whenever a job starts (`/start` is appended), has done its work, or failed (`/fail` is
        appended), as healthchecks.io has it. An address that is a secret goes into
        `services.syncd.credentials.alert-ping-url`, with `"credential"` here.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    systemd.services = lib.mkMerge [
      (lib.genAttrs' wanted (kind: lib.nameValuePair "syncd-alert-${kind}@" (service kind)))
      (lib.genAttrs' (lib.attrNames enabled ++ units.tasks cfg) (
        name:
        let
          # what is no job may find nothing to do, so that a ping says nothing
          ways = if enabled ? ${name} then wanted else lib.remove "ping" wanted;
        in
        lib.nameValuePair "syncd-${name}" {
          onFailure = told name "failed" ways;
          onSuccess = told name "success" ways;
        }
      ))
      (lib.mapAttrs' (
        name: _:
        lib.nameValuePair "syncd-${name}" {
          # The job waits for the ping of its start, so that the pings arrive in order, and does not mind if it fails.
          wants = lib.mkAfter (told name "start" (lib.intersectLists [ "ping" ] wanted));
          after = lib.mkAfter (told name "start" (lib.intersectLists [ "ping" ] wanted));
        }
      ) enabled)
    ];

    assertions = [
      {
        assertion =
          alerts.ping.url != "credential" || units.loadCredentials cfg [ "alert-ping-url" ] != { };
        message = "services.syncd.alerts.ping.url is \"credential\"; set services.syncd.credentials.alert-ping-url.";
      }
    ];
  };
}
