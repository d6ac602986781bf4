# The unit data that this module shares with `syncd units`, as NixOS wants it.
{ lib }:
let
  folder = ../../src/syncd/host/units;
  read = name: lib.importJSON (folder + "/${name}.json");
  present = lib.filterAttrs (_: value: value != null);

  # a word in each @place@
  fill =
    words: value:
    if lib.isString value then
      lib.replaceStrings (map (name: "@${name}@") (lib.attrNames words)) (lib.attrValues words) value
    else if lib.isList value then
      map (fill words) value
    else if lib.isAttrs value then
      lib.mapAttrs (_: fill words) value
    else
      value;
  ofKind =
    data: cfg: kind:
    fill (
      lib.filterAttrs (_: lib.isString) data.kinds.${kind}
      // {
        inherit kind;
        state = cfg.settings.state.directory;
      }
    ) data;

  hardening = (read "hardening").Service;
  imports = read "imports";
  exports = read "exports";
  daemons = read "daemons";
  job = read "job";
  alert = read "alert";

  # of a set of jobs, imports or exports
  enabled = lib.filterAttrs (_: one: one.enable);

  # groups of credentials of a daemon, of which it needs one each
  needs =
    cfg: name:
    let
      data = daemons.${name};
      chromebooks = cfg.settings.events.asset-created.chromebooks or false;
    in
    [ data.credentials ]
    ++ lib.optional (chromebooks && data ? chromebooks_credentials) data.chromebooks_credentials;
in
{
  # what every job has, and no unit may loosen by accident
  inherit hardening;

  # name to description, usual schedule and credentials of each job there is
  jobs = read "jobs";

  inherit (job) metrics operator timer;
  catalog = present (hardening // (read "catalog").Service);
  jobService = job.service;

  # units that are no jobs, and what there is of each kind
  inherit imports exports daemons;
  import = ofKind imports;
  export = ofKind exports;

  inherit enabled needs;

  # names of what is enabled and no job
  tasks =
    cfg:
    map (kind: "import-${kind}") (lib.attrNames (enabled cfg.imports))
    ++ map (kind: "export-${kind}") (lib.attrNames (enabled cfg.exports))
    ++ lib.optional cfg.webhooks.enable "webhooks"
    ++ lib.optionals cfg.worker.enable (
      [
        "worker"
        "events"
      ]
      ++ lib.optional (cfg.settings ? events.asset-created) "poll-asset-created"
    );

  # of one that runs for long, or looks after those that do
  daemon =
    cfg: name:
    fill {
      name = cfg.stateDirectory;
      private = "/var/lib/private/${cfg.stateDirectory}";
    } daemons.${name};
  daemonCredentials = cfg: name: lib.concatLists (needs cfg name);

  # a service; its directives are those of a job, but for what is said in its data
  task =
    { cfg, utils }:
    data: serviceConfig:
    let
      inherit (data.service) Unit;
    in
    {
      description = Unit.Description;
      documentation = [ Unit.Documentation ];
      wants = lib.optional (Unit ? Wants) Unit.Wants;
      after = lib.optional (Unit ? After) Unit.After;
      # an update of the system is no reason to start one, or to break it off
      restartIfChanged = lib.mkDefault false;
      unitConfig = lib.mapAttrs (_: lib.mkDefault) (
        lib.filterAttrs (name: _: lib.hasPrefix "StartLimit" name) Unit
      );
      serviceConfig =
        hardening
        // lib.mapAttrs (_: lib.mkDefault) (present (job.service.Service // data.service.Service))
        // {
          ExecStart = utils.escapeSystemdExecArgs (
            [
              (lib.getExe cfg.package)
              "--config"
              cfg.configFile
            ]
            ++ data.arguments
          );
        }
        // serviceConfig;
    };

  # a timer; its directives are those of a job's, but for the special ones
  startsAt = description: special: {
    inherit description;
    wantedBy = [ job.timer.Install.WantedBy ];
    timerConfig = job.timer.Timer // special;
  };

  # of the unit that tells by mail, ping or command
  alertService = kind: {
    Unit = alert.service.Unit // alert.${kind}.Unit or { };
    Service = present (hardening // alert.service.Service // alert.${kind}.Service or { });
  };

  # "syncd: @description@" of a job or a daemon
  describe = description: fill { inherit description; };

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

  # those of the groups of credentials of which the configuration has none, and the options that would give them
  lacking =
    cfg:
    let
      there = cfg.credentials // cfg.encryptedCredentials;
    in
    lib.filter (group: lib.intersectLists group (lib.attrNames there) == [ ]);
  remedy = lib.concatMapStringsSep ", and " (
    lib.concatMapStringsSep " or " (name: "services.syncd.credentials.${name}")
  );

  # the directive for the admin's file of environment variables
  environment =
    cfg: lib.optionalAttrs (cfg.environmentFile != null) { EnvironmentFile = cfg.environmentFile; };

  script = name: folder + "/${name}.sh";
}
