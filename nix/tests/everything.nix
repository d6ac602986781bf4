# The example, with every option that changes a unit set to something else.
{ lib, ... }:
{
  imports = [ ../example.nix ];

  services.syncd = {
    credentials = lib.mkForce {
      google-service-account = "/run/secrets/syncd/google-service-account";
      alert-ping-url = "/run/secrets/syncd/alert-ping-url";
    };
    encryptedCredentials.rt-password = "/etc/syncd/rt-password.cred";
    environmentFile = "/run/secrets/syncd/environment";
    stateDirectory = "syncd-north";
    imports.students.dropZone = "/srv/rosters";
    exports.students = {
      schedule = "Mon 06:00";
      extraArgs = [
        "--format"
        "xlsx"
      ];
    };
    metrics.textfileDirectory = "/var/lib/node-exporter-textfiles";
    jobs.chromebooks = {
      schedule = "Mon..Fri 06:30";
      randomizedDelay = "1h";
      timeout = "30min";
      extraArgs = [ "100% $HOME" ];
    };
    alerts = {
      command = [
        "/run/current-system/sw/bin/logger"
        "a \"quoted\" $word, 100%"
      ];
      mail.from = "syncd@example.org";
      ping.url = "credential";
    };
  };
}
