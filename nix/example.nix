# A school's host: the Chromebook job every morning, applied, with a mail when it fails; rosters of students from a
# folder, and who of them has which device, as a file; the health of batteries from Google, and from files; tags for
# new assets, which Request Tracker tells of.
let
  batteries = {
    catalogs = [ "Chromebooks" ];
    to_rt = {
      "CF.{Battery Health}" = "percent";
      "CF.{Battery Report}" = "report_time";
    };
  };
in
{
  services.syncd = {
    enable = true;
    settings = {
      google.delegated_user = "syncd@example.org";
      rt.url = "https://rt.example.org";
      exports = {
        students.catalogs = [ "Chromebooks" ];
        battery.catalogs = [ "Chromebooks" ];
      };
      events.asset-created = {
        chromebooks = true;
        sequences = [
          {
            catalog = "Chromebooks";
            prefix = "W12-";
          }
        ];
      };
    };
    credentials = {
      google-service-account = "/run/secrets/syncd/google-service-account";
      rt-token = "/run/secrets/syncd/rt-token";
      webhook-token = "/run/secrets/syncd/webhook-token";
    };
    jobs = {
      chromebooks = {
        enable = true;
        mode = "apply";
        settings.catalogs = [ "Chromebooks" ];
      };
      battery-telemetry = {
        enable = true;
        mode = "apply";
        settings = batteries;
      };
      battery-csv = {
        enable = true;
        mode = "apply";
        settings = batteries;
      };
    };
    imports = {
      students.enable = true;
      battery.enable = true;
    };
    exports = {
      students.enable = true;
      battery.enable = true;
    };
    webhooks.enable = true;
    alerts.mail.to = "it@example.org";
  };
}
