# The unit data that this module shares with `syncd units`, as NixOS wants it.
{ lib }:
let
  folder = ../../src/syncd/host/units;
  read = name: lib.importJSON (folder + "/${name}.json");
  present = lib.filterAttrs (_: value: value != null);

  hardening = (read "hardening").Service;
  job = read "job";
  alert = read "alert";
in
{
  # what every job has, and no unit may loosen by accident
  inherit hardening;

  # name to description, usual schedule and credentials of each job there is
  jobs = read "jobs";

  inherit (job) metrics operator timer;
  catalog = present (hardening // (read "catalog").Service);
  jobService = job.service;

  # units that are no jobs, and the directives of their services: those of a job, but for what is said there
  importStudents = read "import-students";
  exportStudents = read "export-students";
  taskService = task: present (job.service.Service // task.service.Service);

  # of the unit that tells by mail, ping or command
  alertService = kind: {
    Unit = alert.service.Unit // alert.${kind}.Unit or { };
    Service = present (hardening // alert.service.Service // alert.${kind}.Service or { });
  };

  # "syncd: @description@" of a job
  describe = description: lib.replaceStrings [ "@description@" ] [ description ];

  # directives that load those of the named credentials that the configuration has
  loadCredentials =
    cfg: names:
    let
      load = set: map (name: "${name}:${set.${name}}") (lib.filter (name: set ? ${name}) names);
    in
    lib.filterAttrs (_: values: values != [ ]) {
      LoadCredential = load cfg.credentials;
      LoadCredentialEncrypted = load cfg.encryptedCredentials;
    };

  script = name: folder + "/${name}.sh";
}
