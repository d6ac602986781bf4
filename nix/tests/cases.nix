# Mistakes an admin can make, with a part of what the module has to say about each. `asserted` ones are assertions,
# `typed` ones are refused by an option's type. What the module cannot know is left to the build (modules/settings.nix).
let
  jobs = builtins.concatStringsSep ", " (
    builtins.attrNames (builtins.fromJSON (builtins.readFile ../../src/syncd/host/units/jobs.json))
  );

  noEvents =
    { lib, ... }:
    {
      services.syncd.webhooks.enable = lib.mkForce false;
      services.syncd.worker.enable = lib.mkForce false;
    };
in
{
  asserted = {
    jobNameWithSpace = {
      module.services.syncd.jobs."chrome books".enable = true;
      says = ''services.syncd.jobs."chrome books": there is no such job'';
    };
    jobThatIsNone = {
      module.services.syncd.jobs.chromebook.enable = true;
      says = "services.syncd.jobs.chromebook: there is no such job; the jobs are ${jobs}.";
    };
    jobWithoutCredentials = {
      module =
        { lib, ... }:
        {
          imports = [ noEvents ];
          services.syncd.credentials = lib.mkForce { };
          services.syncd.exports.battery.enable = lib.mkForce false;
          services.syncd.exports.students.enable = lib.mkForce false;
          services.syncd.jobs = lib.mkForce { chromebooks.enable = true; };
        };
      says = "services.syncd.jobs.chromebooks is enabled and lacks a credential; set services.syncd.credentials.google-service-account, and services.syncd.credentials.rt-token or services.syncd.credentials.rt-password";
    };
    gamWithoutItsFiles = {
      module =
        { pkgs, ... }:
        {
          services.syncd.jobs.battery-gam = {
            enable = true;
            package = pkgs.coreutils;
          };
        };
      says = "services.syncd.jobs.battery-gam is enabled and its program is not set up; set services.syncd.credentials.gam-oauth2 or services.syncd.credentials.gam-oauth2service, or services.syncd.jobs.battery-gam.settings.config_dir.";
    };
    programOfAJobThatCallsNone = {
      module =
        { pkgs, ... }:
        {
          services.syncd.jobs.chromebooks.package = pkgs.coreutils;
        };
      says = "services.syncd.jobs.chromebooks.package is set, but the job calls no program; these do: battery-gam.";
    };
    credentialName = {
      module.services.syncd.credentials."rt token" = "/run/secrets/x";
      says = ''services.syncd.credentials."rt token": systemd can load neither'';
    };
    credentialPathWithColon = {
      module.services.syncd.credentials.rt-password = "/run/secrets/rt:password";
      says = "services.syncd.credentials.rt-password: systemd can load neither";
    };
    encryptedCredentialPathWithColon = {
      module.services.syncd.encryptedCredentials.rt-password = "/etc/syncd/rt:password.cred";
      says = "services.syncd.encryptedCredentials.rt-password: systemd can load neither";
    };
    credentialInBothSets = {
      module.services.syncd.encryptedCredentials.rt-token = "/etc/syncd/rt-token.cred";
      says = "services.syncd.encryptedCredentials: rt-token is in services.syncd.credentials too.";
    };
    stateElsewhere = {
      module.services.syncd.settings.state.directory = "/srv/syncd";
      says = "services.syncd.settings.state.directory is /srv/syncd, but the units may write to";
    };
    exportOfNoCatalog = {
      module =
        { lib, ... }:
        {
          imports = [ noEvents ];
          services.syncd.settings = lib.mkForce { rt.url = "https://rt.example.org"; };
          services.syncd.exports.battery.enable = lib.mkForce false;
        };
      says = "services.syncd.exports.students is enabled; set services.syncd.settings.exports.students.catalogs.";
    };
    exportWithoutCredentials = {
      module =
        { lib, ... }:
        {
          imports = [ noEvents ];
          services.syncd.credentials = lib.mkForce { };
          services.syncd.jobs = lib.mkForce { };
          services.syncd.exports.battery.enable = lib.mkForce false;
        };
      says = "services.syncd.exports.students is enabled and lacks a credential; set services.syncd.credentials.rt-token or services.syncd.credentials.rt-password.";
    };
    dropZoneBelowAHome = {
      module.services.syncd.imports.students.dropZone = "/home/sis/students";
      says = "services.syncd.imports.students.dropZone is /home/sis/students, which the unit cannot be let into";
    };
    dropZoneOfBatteriesBelowAHome = {
      module.services.syncd.imports.battery.dropZone = "/home/it/batteries";
      says = "services.syncd.imports.battery.dropZone is /home/it/batteries, which the unit cannot be let into";
    };
    dropZoneWithASpace = {
      module.services.syncd.imports.students.dropZone = "/srv/our students";
      says = "services.syncd.imports.students.dropZone is /srv/our students, which the unit cannot be let into";
    };
    webhooksFromAnybody = {
      module =
        { lib, ... }:
        {
          services.syncd.credentials = lib.mkForce {
            google-service-account = "/run/secrets/syncd/google-service-account";
            rt-token = "/run/secrets/syncd/rt-token";
          };
        };
      says = "services.syncd.webhooks is enabled and nobody could prove who they are; set services.syncd.credentials.webhook-secret or services.syncd.credentials.webhook-token.";
    };
    workerWithNothingToDo = {
      module =
        { lib, ... }:
        {
          services.syncd.settings.events = lib.mkForce { };
        };
      says = "services.syncd.worker is enabled and has nothing to do; set services.syncd.settings.events.asset-created or";
    };
    workerWithTheKeyOfGoogleAlone = {
      module =
        { lib, ... }:
        {
          services.syncd.credentials = lib.mkForce {
            google-service-account = "/run/secrets/syncd/google-service-account";
            webhook-secret = "/run/secrets/syncd/webhook-secret";
          };
          services.syncd.jobs = lib.mkForce { };
          services.syncd.exports.battery.enable = lib.mkForce false;
          services.syncd.exports.students.enable = lib.mkForce false;
        };
      says = "services.syncd.worker is enabled and lacks a credential; set services.syncd.credentials.rt-token or services.syncd.credentials.rt-password.";
    };
    workerWithoutCredentials = {
      module =
        { lib, ... }:
        {
          services.syncd.credentials = lib.mkForce { webhook-secret = "/run/secrets/syncd/webhook-secret"; };
          services.syncd.jobs = lib.mkForce { };
          services.syncd.exports.battery.enable = lib.mkForce false;
          services.syncd.exports.students.enable = lib.mkForce false;
        };
      says = "services.syncd.worker is enabled and lacks a credential; set services.syncd.credentials.rt-token or services.syncd.credentials.rt-password, and services.syncd.credentials.google-service-account.";
    };
    pingWithoutItsCredential = {
      module.services.syncd.alerts.ping.url = "credential";
      says = "services.syncd.alerts.ping.url is \"credential\"; set services.syncd.credentials.alert-ping-url.";
    };
  };

  warned = {
    nothingToDo = {
      module =
        { lib, ... }:
        {
          imports = [ noEvents ];
          services.syncd.jobs = lib.mkForce { };
          services.syncd.credentials = lib.mkForce { };
          services.syncd.imports.battery.enable = lib.mkForce false;
          services.syncd.imports.students.enable = lib.mkForce false;
          services.syncd.exports.battery.enable = lib.mkForce false;
          services.syncd.exports.students.enable = lib.mkForce false;
        };
      says = "services.syncd.enable is set, but no job is: set services.syncd.jobs.<name>.enable.";
    };
    credentialOfNobody = {
      module.services.syncd.credentials.rt-tokn = "/run/secrets/x";
      says = "services.syncd.credentials.rt-tokn: nothing that is enabled takes it";
    };
    encryptedCredentialOfNobody = {
      module.services.syncd.encryptedCredentials.rt-tokn = "/etc/syncd/x.cred";
      says = "services.syncd.encryptedCredentials.rt-tokn: nothing that is enabled takes it";
    };
  };

  typed = {
    secretPathLiteral = {
      module.services.syncd.credentials.rt-password = ./cases.nix;
      says = "services.syncd.credentials.rt-password";
    };
    secretInStore = {
      module.services.syncd.credentials.rt-password = "${./cases.nix}";
      says = "services.syncd.credentials.rt-password";
    };
    secretWithRelativePath = {
      module.services.syncd.credentials.rt-password = "secrets/rt-password";
      says = "services.syncd.credentials.rt-password";
    };
    wrongType = {
      module.services.syncd.jobs.chromebooks.extraArgs = "--full";
      says = "services.syncd.jobs.chromebooks.extraArgs";
    };
    unknownOption = {
      module.services.syncd.jobs.chromebooks.schedul = "hourly";
      says = "services.syncd.jobs.chromebooks.schedul";
    };
    nonsenseSchedule = {
      module.services.syncd.jobs.chromebooks.schedule = "every morning";
      says = "services.syncd.jobs.chromebooks.schedule";
    };
    cronSchedule = {
      module.services.syncd.jobs.chromebooks.schedule = "0 5 * * *";
      says = "services.syncd.jobs.chromebooks.schedule";
    };
    nonsenseScheduleOfTheExport = {
      module.services.syncd.exports.students.schedule = "every morning";
      says = "services.syncd.exports.students.schedule";
    };
    gamIsNoPackage = {
      module.services.syncd.jobs.battery-gam.package = "gam";
      says = "services.syncd.jobs.battery-gam.package";
    };
    dropZoneOfBatteriesInTheStore = {
      module.services.syncd.imports.battery.dropZone = "${./cases.nix}";
      says = "services.syncd.imports.battery.dropZone";
    };
    portThatIsNone = {
      module.services.syncd.webhooks.port = 70000;
      says = "services.syncd.webhooks.port";
    };
    listenSaidTwice = {
      module.services.syncd.settings.webhooks.listen = "127.0.0.1:80";
      says = "services.syncd.settings.webhooks.listen";
    };
    nonsenseScheduleOfThePoll = {
      module.services.syncd.worker.pollSchedule = "every now and then";
      says = "services.syncd.worker.pollSchedule";
    };
    nonsenseDelay = {
      module.services.syncd.jobs.chromebooks.randomizedDelay = "a while";
      says = "services.syncd.jobs.chromebooks.randomizedDelay";
    };
    nonsenseMode = {
      module.services.syncd.jobs.chromebooks.mode = "applyy";
      says = "services.syncd.jobs.chromebooks.mode";
    };
    modeSaidTwice = {
      module.services.syncd.settings.jobs.chromebooks.mode = "plan";
      says = "services.syncd.settings.jobs.chromebooks.mode";
    };
    dropZoneInTheStore = {
      module.services.syncd.imports.students.dropZone = "${./cases.nix}";
      says = "services.syncd.imports.students.dropZone";
    };
    dropZoneSaidTwice = {
      module.services.syncd.settings.imports.students.drop_zone = "/srv/students";
      says = "services.syncd.settings.imports.students.drop_zone";
    };
    stateDirectoryIsAPath = {
      module.services.syncd.stateDirectory = "/srv/syncd";
      says = "services.syncd.stateDirectory";
    };
  };
}
