# Secrets: paths outside of the Nix store, given by systemd to the units that need them.
{ config, lib, ... }:
let
  cfg = config.services.syncd;
  units = import ./units.nix { inherit lib; };

  # systemd splits at ':' and spaces, and expands '%'
  badPath = path: lib.match "[A-Za-z0-9_./@+=,~-]+" path == null;
  badName = name: lib.match "[A-Za-z0-9_.-]+" name == null;

  wanted =
    lib.concatMap (job: job.credentials) (lib.attrValues (units.enabled cfg.jobs))
    ++ lib.optionals (units.enabled cfg.exports != { }) units.exports.credentials
    ++ lib.optionals cfg.webhooks.enable cfg.webhooks.credentials
    ++ lib.optionals cfg.worker.enable (units.daemonCredentials cfg "worker")
    ++ lib.optional (cfg.alerts.ping.url == "credential") "alert-ping-url";

  both = lib.intersectAttrs cfg.credentials cfg.encryptedCredentials;
  option = set: name: "services.syncd.${set}.${lib.strings.escapeNixIdentifier name}";
  loadable =
    set:
    lib.mapAttrsToList (name: path: {
      assertion = !badName name && !badPath path;
      message = ''
        ${option set name}: systemd can load neither a name outside of A-Z a-z 0-9 _ . - nor a path with a space, ':',
        '%' or quotes (${path}).
      '';
    }) cfg.${set};
  unused =
    set:
    map (
      name:
      "${option set name}: nothing that is enabled takes it (these are taken: ${toString (lib.unique wanted)})."
    ) (lib.subtractLists wanted (lib.attrNames cfg.${set}));
in
{
  options.services.syncd = {
    credentials = lib.mkOption {
      type = lib.types.attrsOf lib.types.externalPath;
      default = { };
      example = lib.literalExpression ''
        {
          google-service-account = config.sops.secrets."syncd/google-service-account".path;
          rt-token = config.age.secrets.rt-token.path;
        }
      '';
      description = ''
        Name of a credential to the file that holds it, outside of the Nix store. root reads the file when a unit starts
        (`LoadCredential=`), so mode 0400 and owner root are right; a unit sees only the credentials that it needs. The
        names are `google-service-account` (the key file, JSON), `rt-token`, or `rt-password`, `alert-ping-url`,
        `webhook-secret` and `webhook-token`, and GAM's files: `gam-cfg`, `gam-oauth2` and `gam-oauth2service`.
      '';
    };

    encryptedCredentials = lib.mkOption {
      type = lib.types.attrsOf lib.types.path;
      default = { };
      example = {
        rt-token = "/etc/syncd/rt-token.cred";
      };
      description = ''
        Like {option}`services.syncd.credentials`, for files made by `systemd-creds encrypt --name=NAME` on this host
        (`LoadCredentialEncrypted=`). They are of no use elsewhere.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    assertions =
      loadable "credentials"
      ++ loadable "encryptedCredentials"
      ++ [
        {
          assertion = both == { };
          message = "services.syncd.encryptedCredentials: ${toString (lib.attrNames both)} is in services.syncd.credentials too.";
        }
      ];

    warnings = unused "credentials" ++ unused "encryptedCredentials";
  };
}
