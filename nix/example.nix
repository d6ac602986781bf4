# A school's host: the Chromebook job every morning, applied, with a mail when it fails; and rosters of students from a
# folder.
{
  services.syncd = {
    enable = true;
    settings = {
      google.delegated_user = "syncd@example.org";
      rt.url = "https://rt.example.org";
    };
    credentials = {
      google-service-account = "/run/secrets/syncd/google-service-account";
      rt-token = "/run/secrets/syncd/rt-token";
    };
    jobs.chromebooks = {
      enable = true;
      mode = "apply";
      settings.catalogs = [ "Chromebooks" ];
    };
    imports.students.enable = true;
    alerts.mail.to = "it@example.org";
  };
}
