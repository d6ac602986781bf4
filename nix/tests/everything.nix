# The example, with every option that changes a unit set to something else.
{ lib, pkgs, ... }:
{
  imports = [ ../example.nix ];

  services.syncd = {
    credentials = lib.mkForce {
      google-service-account = "/run/secrets/syncd/google-service-account";
      alert-ping-url = "/run/secrets/syncd/alert-ping-url";
      gam-oauth2 = "/run/secrets/syncd/gam-oauth2";
      webhook-secret = "/run/secrets/syncd/webhook-secret";
    };
    encryptedCredentials.rt-password = "/etc/syncd/rt-password.cred";
    environmentFile = "/run/secrets/syncd/environment";
    stateDirectory = "syncd-north";
    imports.students.dropZone = "/srv/rosters";
    imports.battery.dropZone = "/srv/batteries";
    exports.battery.schedule = null;
    exports.students = {
      schedule = "Mon 06:00";
      extraArgs = [
        "--format"
        "xlsx"
      ];
    };
    webhooks = {
      address = "::1";
      port = 9470;
      openFirewall = true;
    };
    worker = {
      pollSchedule = "*:00/10";
      checkSchedule = null;
    };
    metrics.textfileDirectory = "/var/lib/node-exporter-textfiles";
    jobs.chromebooks = {
      schedule = "Mon..Fri 06:30";
      randomizedDelay = "1h";
      timeout = "30min";
      extraArgs = [ "100% $HOME" ];
    };
    jobs.battery-gam = {
      enable = true;
      # a nixpkgs that was trimmed for tests has no GAM
      package = pkgs.coreutils;
      settings.catalogs = [ "Chromebooks" ];
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
