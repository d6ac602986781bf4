# What the documentation's tests look at: its snippets on whole systems, and the module's options.
{
  lib,
  nixosSystem,
  syncdModule,
}:
let
  systemWith =
    modules:
    nixosSystem {
      modules = [
        syncdModule
        ./container.nix
      ]
      ++ modules;
    };

  example = import ../example.nix;

  # what a host has besides a snippet: nothing, the job, or also the job's credentials
  hosts = {
    bare = [ ];
    job = [ job ];
    credentials = [
      job
      { services.syncd.credentials = removeAttrs example.services.syncd.credentials [ "webhook-token" ]; }
    ];
  };
  job.services.syncd = {
    enable = true;
    settings = lib.mapAttrsRecursive (_: lib.mkDefault) (
      removeAttrs example.services.syncd.settings [ "events" ]
    );
    jobs.chromebooks = {
      enable = lib.mkDefault true;
      settings.catalogs = lib.mkDefault [ "Chromebooks" ];
    };
  };

  unitsOf =
    config:
    lib.mapAttrs (_: unit: unit.text) (
      lib.filterAttrs (name: _: lib.hasPrefix "syncd" name) config.systemd.units
    );

  # the operator's `syncd`: of the packages of that name the one that is a script
  operatorOf =
    config:
    lib.concatMapStrings (one: one.text) (
      lib.filter (one: one ? text && one.name or "" == "syncd") config.environment.systemPackages
    );
in
{
  inherit unitsOf operatorOf;

  fragment =
    { module, host }:
    let
      system = systemWith (
        hosts.${host}
        ++ [
          ./stand-ins.nix
          module
          { _module.args.syncd.nixosModules.default = syncdModule; }
        ]
      );

      # A host of containers is looked at by its guests: not every stand-in for nixpkgs can evaluate them on the way.
      containers = lib.concatMap lib.attrValues system.options.containers.definitions;
      guests = map (container: (systemWith [ container.config ]).config) containers;
      looked = if guests == [ ] then [ system.config ] else guests;
    in
    {
      failed = map (one: one.message) (
        lib.filter (one: !one.assertion) (lib.concatMap (config: config.assertions) looked)
      );
      toplevels = map (config: config.system.build.toplevel.drvPath) looked;
      warnings = lib.concatMap (config: config.warnings) looked;
      inherit (system.config.services.syncd) settings;
      units = unitsOf system.config;
      operator = operatorOf system.config;
    };

  # name, type, default and meaning of each option
  options =
    map
      (option: {
        inherit (option) name type;
        default = option.default.text or null;
        description = option.description.text or option.description;
      })
      (
        lib.filter (option: option.visible && !option.internal) (
          lib.optionAttrSetToDocList (systemWith [ ]).options.services.syncd
        )
      );
}
