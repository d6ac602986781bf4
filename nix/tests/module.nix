# The module on whole systems: mistakes are refused in words, and every unit is there as text.
{
  lib,
  runCommand,
  writeText,
  nixosSystem,
  syncdModule,
}:
let
  cases = import ./cases.nix;

  systemWith =
    module:
    (nixosSystem {
      modules = [
        syncdModule
        ./container.nix
        module
      ];
    }).config;
  withCase =
    case:
    systemWith {
      imports = [
        ../example.nix
        case.module
      ];
    };

  unitsOf =
    config:
    lib.mapAttrs (_: unit: unit.text) (
      lib.filterAttrs (name: _: lib.hasPrefix "syncd" name) config.systemd.units
    );

  operatorOf =
    config:
    lib.concatMapStrings (one: one.text) (
      lib.filter (one: one ? text && one.name or "" == "syncd") config.environment.systemPackages
    );

  failed = config: map (one: one.message) (lib.filter (one: !one.assertion) config.assertions);
  asserted = lib.mapAttrs (_: case: failed (withCase case)) cases.asserted;
  warned = lib.mapAttrs (_: case: (withCase case).warnings) cases.warned;
  # looks at each value that an admin may set, and not at the rest of the system
  typed = lib.mapAttrs (
    _: case:
    let
      cfg = (withCase case).services.syncd;
    in
    lib.deepSeq {
      inherit (cfg)
        credentials
        jobs
        settings
        stateDirectory
        ;
    } "accepted"
  ) cases.typed;

  # a module of the documentation, on a host that has what it leaves out: nothing, the job, or also its credentials
  fragment =
    { module, host }:
    let
      job.services.syncd = {
        enable = true;
        settings = lib.mapAttrsRecursive (_: lib.mkDefault) exampleOf.settings;
        jobs.chromebooks = {
          enable = lib.mkDefault true;
          settings.catalogs = lib.mkDefault [ "Chromebooks" ];
        };
      };
      credentials.services.syncd = { inherit (exampleOf) credentials; };
      system = nixosSystem {
        modules = [
          syncdModule
          ./container.nix
          ./stand-ins.nix
          module
          { _module.args.syncd.nixosModules.default = syncdModule; }
        ]
        ++ {
          bare = [ ];
          job = [ job ];
          credentials = [
            job
            credentials
          ];
        }.${host};
      };
      inherit (system) config;

      # A host of containers is looked at by its guests: not every stand-in for nixpkgs can evaluate them on the way.
      definitions = lib.concatMap lib.attrValues system.options.containers.definitions;
      guests = map (guest: systemWith guest.config) definitions;
      hosts = if guests == [ ] then [ config ] else guests;
    in
    {
      failed = lib.concatMap failed hosts;
      toplevels = map (one: one.system.build.toplevel.drvPath) hosts;
      warnings = lib.concatMap (one: one.warnings) hosts;
      inherit (config.services.syncd) settings;
      units = unitsOf config;
      operator = operatorOf config;
    };
  exampleOf = (import ../example.nix).services.syncd;

  # what the documentation tells of each option
  options =
    let
      system = nixosSystem {
        modules = [
          syncdModule
          ./container.nix
        ];
      };
      shown = option: option.visible && !option.internal;
    in
    map (option: {
      inherit (option) name type;
      default = option.default.text or null;
      description = option.description.text or option.description;
    }) (lib.filter shown (lib.optionAttrSetToDocList system.options.services.syncd));

  heard = said: name: case: lib.any (lib.hasInfix case.says) said.${name};
  missed =
    lib.attrNames (lib.filterAttrs (name: case: !heard asserted name case) cases.asserted)
    ++ lib.attrNames (lib.filterAttrs (name: case: !heard warned name case) cases.warned)
    ++ lib.attrNames (lib.filterAttrs (_: verdict: (builtins.tryEval verdict).success) typed);

  everything = systemWith ./everything.nix;
  texts = lib.concatStringsSep "\n" (lib.attrValues (unitsOf everything));
in
runCommand "syncd-module"
  {
    text =
      if missed == [ ] then
        writeText "syncd-units" texts
      else
        throw "nix/tests/cases.nix: these mistakes are not refused as they should be: ${toString missed}";
    passthru = {
      inherit
        asserted
        cases
        fragment
        options
        typed
        warned
        ;
      example = unitsOf (systemWith ../example.nix);
      operator = operatorOf (systemWith ../example.nix);
      everything = unitsOf everything;
    };
  }
  ''
    cp $text $out
  ''
