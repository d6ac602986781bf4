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

  inherit (documentation) unitsOf operatorOf;

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
        exports
        imports
        jobs
        settings
        stateDirectory
        webhooks
        worker
        ;
    } "accepted"
  ) cases.typed;

  documentation = import ./documentation.nix { inherit lib nixosSystem syncdModule; };

  heard =
    said: name: case:
    lib.any (lib.hasInfix case.says) said.${name};
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
        typed
        warned
        ;
      example = unitsOf (systemWith ../example.nix);
      operator = operatorOf (systemWith ../example.nix);
      everything = unitsOf everything;
      inherit (documentation) fragment options;
    };
  }
  ''
    cp $text $out
  ''
